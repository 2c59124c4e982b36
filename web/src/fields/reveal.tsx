import { App } from 'antd';
import { createContext, useContext, useState } from 'react';
import { api } from '../api/client';
import type { Field, Json, RecordData, TypeMeta } from '../api/types';
import { useText } from '../i18n';
import { asString, valueOf } from '../lib/values';

/** The record whose sensitive values may be shown in clear, one at a time; null for a new one. */
export interface Sight { cell: string; type: TypeMeta; id: string }

/** The record in view, for those who may unmask it. */
export const SightOf = createContext<Sight | null>(null);

/** One sensitive value of a record, masked until its eye is pressed; only then it is asked for, and that is audited. */
export function useReveal(field: Field, mask: Json | undefined, sight: Sight | null) {
  const { t } = useText();
  const { message } = App.useApp();
  const [shown, setShown] = useState<{ mask: Json | undefined; clear: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const clear = shown !== null && shown.mask === mask ? shown.clear : null;
  const offered = sight !== null && asString(mask).includes('*');
  const toggle = async () => {
    if (clear !== null) { setShown(null); return; }
    if (sight === null || busy) return;
    setBusy(true);
    try {
      const record = await api<RecordData>(`/${sight.cell}/${sight.type.resource}/${sight.id}`, { query: { fields: field.group ?? field.name } });
      const value = asString(valueOf(record, field));
      // The right may not reach this record.
      if (value === asString(mask)) message.info(t('why.right'));
      else setShown({ mask, clear: value });
    } catch (error) {
      message.error(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return { clear, offered, busy, toggle: () => void toggle(), hide: () => setShown(null) };
}

/** The eye that shows a value in clear, or masks it again. */
export function Eye({ field, open, busy, onToggle }: { field: Field; open: boolean; busy: boolean; onToggle: () => void }) {
  const { t, l } = useText();
  const label = t(open ? 'reveal.hide' : 'reveal.show', { name: l(field.label, field.name) });
  return (
    <button type="button" className="icon-button eye" data-reveal={field.name} aria-pressed={open} aria-busy={busy} aria-label={label} title={label}
      onMouseDown={(e) => e.preventDefault()} onClick={(e) => { e.stopPropagation(); e.preventDefault(); onToggle(); }}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8z" fill="none" stroke="currentColor" strokeWidth="1.2" />
        <circle cx="8" cy="8" r="2" fill="currentColor" />{open ? null : <path d="M2.5 13.5l11-11" stroke="currentColor" strokeWidth="1.2" />}
      </svg>
    </button>
  );
}

/** A sensitive value at rest, with its eye. */
export function Masked({ field, value, sight }: { field: Field; value: Json | undefined; sight: Sight | null }) {
  const reveal = useReveal(field, value, sight);
  return (
    <span className="masked">
      <span className={reveal.clear === null ? undefined : 'in-clear'}>{reveal.clear ?? asString(value)}</span>
      {reveal.offered ? <Eye field={field} open={reveal.clear !== null} busy={reveal.busy} onToggle={reveal.toggle} /> : null}
    </span>
  );
}

/** {@link Masked} of the record in view. */
export function MaskedHere({ field, value }: { field: Field; value: Json | undefined }) {
  return <Masked field={field} value={value} sight={useContext(SightOf)} />;
}
