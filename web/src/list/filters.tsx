import { useQuery } from '@tanstack/react-query';
import { Button, Popover } from 'antd';
import { useState } from 'react';
import { api } from '../api/client';
import type { Field, Json, JsonObject, TypeMeta } from '../api/types';
import type { Search } from '../app/search';
import { refOf } from '../fields/refs';
import { WIDGETS } from '../fields/registry';
import { useText } from '../i18n';
import { parseDate } from '../lib/dates';
import { asString, isBlank, refText, showValue, targetOf } from '../lib/values';
import { fieldOf, filterEntries, filtersOf, splitFilter } from './list-state';

type Change = (change: Search) => void;

const isRange = (field: Field) => ['date', 'instant', 'decimal', 'integer'].includes(field.type);
const isRef = (field: Field) => ['ref', 'user', 'department'].includes(field.type);

function bound(field: Field, value: Json): string {
  const text = asString(value);
  return field.type === 'date' ? (parseDate(text) ?? '') : text;
}

function Line({ field, draft, set }: { field: Field; draft: Record<string, Json>; set: (key: string, value: Json) => void }) {
  const { t, l } = useText();
  const plain = { ...field, required: false, readOnly: false };
  const one = (key: string, ghost: string, of: Field = plain) => {
    const Widget = WIDGETS[of.type];
    return <Widget field={of} id={`filter-${key}`} value={draft[key] ?? null} ghost={ghost} onChange={(value) => set(key, value)} />;
  };
  const yesNo: Field = { ...plain, type: 'choice', choices: [{ value: 'true', label: { zh: '是', en: 'Yes' } }, { value: 'false', label: { zh: '否', en: 'No' } }] };
  return (
    <div className="filter-line">
      <span className="filter-label">{l(field.label, field.name)}</span>
      <span className="filter-inputs">
        {isRange(field) ? <>{one(`${field.name}[gte]`, t('filter.from'))}{one(`${field.name}[lte]`, t('filter.to'))}</>
          : field.type === 'boolean' ? one(field.name, '', yesNo)
            : field.type === 'text' || field.type === 'longtext' ? one(`${field.name}[startsWith]`, t('filter.starts'))
              : one(field.name, '')}
      </span>
    </div>
  );
}

/** The panel of all filters a type is indexed for. */
export function FilterButton({ type, search, change }: { type: TypeMeta; search: Search; change: Change }) {
  const { t } = useText();
  const fields = filtersOf(type);
  const [open, setOpen] = useState(false);
  const [draft, setDraft] = useState<Record<string, Json>>({});
  if (fields.length === 0) return null;
  const start = () => setDraft(Object.fromEntries(filterEntries(search).map(([key, value]) => {
    const field = fieldOf(type, splitFilter(key).name);
    return [key, field && isRef(field) ? { id: value } : value];
  })));
  const apply = () => {
    const next: Search = {};
    for (const [key, value] of Object.entries(draft)) {
      const field = fieldOf(type, splitFilter(key).name);
      if (!field) continue;
      next[key] = isBlank(value) ? '' : isRef(field) ? asString((value as JsonObject).id) : bound(field, value);
    }
    change(next);
    setOpen(false);
  };
  const panel = (
    <form className="filter-panel" onSubmit={(e) => { e.preventDefault(); apply(); }}>
      {fields.map((field) => (
        <Line key={field.name} field={field} draft={draft} set={(key, value) => setDraft((d) => ({ ...d, [key]: value }))} />
      ))}
      <div className="filter-foot"><Button type="primary" htmlType="submit">{t('filter.apply')}</Button></div>
    </form>
  );
  return (
    <Popover open={open} trigger="click" placement="bottomLeft" content={panel}
      onOpenChange={(next) => { if (next) start(); setOpen(next); }}>
      <Button>{t('list.filter')}</Button>
    </Popover>
  );
}

function RefName({ field, id }: { field: Field; id: string }) {
  const target = targetOf(field);
  const record = useQuery({
    queryKey: ['record', target?.cell, target?.resource, id],
    queryFn: () => api<JsonObject>(`/${target?.cell ?? ''}/${target?.resource ?? ''}/${id}`),
    enabled: target !== null,
  });
  return <>{record.data ? refText(refOf(record.data)) : '…'}</>;
}

const SIGNS: Record<string, string> = { gte: '≥', lte: '≤', gt: '>', lt: '<', ne: '≠', startsWith: '^', contains: '∋', in: '∈', isNull: '∅', under: '⊃' };

/** The filters in force, each removable. */
export function FilterChips({ type, search, change }: { type: TypeMeta; search: Search; change: Change }) {
  const { t, l, lang } = useText();
  const active = filterEntries(search).filter(([key]) => key !== 'state');
  if (active.length === 0) return null;
  return (
    <div className="chips">
      {active.map(([key, value]) => {
        const { name, operator } = splitFilter(key);
        const field = fieldOf(type, name);
        const label = l(field?.label, name);
        return (
          <span key={key} className="chip">
            {label} {SIGNS[operator] ?? ':'} {field && isRef(field) ? <RefName field={field} id={value} /> : field ? showValue(field, value, lang) : value}
            <button type="button" aria-label={t('filter.remove', { name: label })} onClick={() => change({ [key]: '' })}>×</button>
          </span>
        );
      })}
      <button type="button" className="link-button" onClick={() => change(Object.fromEntries(active.map(([key]) => [key, ''])))}>{t('list.clear')}</button>
    </div>
  );
}
