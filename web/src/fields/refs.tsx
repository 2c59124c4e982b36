import { useQuery } from '@tanstack/react-query';
import { Select } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { api } from '../api/client';
import { typeOf, useCellMeta } from '../api/meta';
import type { JsonObject, Page, Ref, RefTarget } from '../api/types';
import { useText } from '../i18n';
import { asObject, asString, refText, targetOf } from '../lib/values';
import type { WidgetProps } from './widget';

/** A value that follows `value` once it has rested for `pause` milliseconds. */
export function useRested<T>(value: T, pause: number): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), pause);
    return () => clearTimeout(timer);
  }, [value, pause]);
  return rested;
}

/** A record of a list as a reference. */
export function refOf(record: JsonObject): Ref {
  const code = asString(record.code) || asString(record.username);
  return { id: asString(record.id), code: code || null, number: asString(record.number) || null, name: asString(record.name) || null };
}

async function find(target: RefTarget, q: string, kind: string | undefined, signal?: AbortSignal): Promise<Ref[]> {
  const document = kind === 'document';
  const page = await api<Page>(`/${target.cell}/${target.resource}`, {
    query: { q: q || undefined, pageSize: '20', fields: target.type === 'user' ? 'username,name' : document ? 'number' : 'code,name' },
    ...(signal ? { signal } : {}),
  });
  return page.data.map(refOf);
}

function useChoices(target: RefTarget | null, q: string, open: boolean) {
  const kind = useKind(target);
  const rested = useRested(q, 150);
  const result = useQuery({
    queryKey: ['refs', target?.cell, target?.resource, rested, kind],
    queryFn: ({ signal }) => (target ? find(target, rested, kind, signal) : Promise.resolve([])),
    enabled: open && target !== null && kind !== undefined,
    staleTime: 30_000,
  });
  return { options: result.data ?? [], busy: result.isFetching || rested !== q, kind };
}

function useKind(target: RefTarget | null): string | undefined {
  const meta = useCellMeta(target?.cell ?? 'platform');
  if (target === null || meta.isPending) return undefined;
  return (meta.data && typeOf(meta.data, target.resource)?.kind) ?? 'master';
}

const keyOf = (ref: Ref) => ref.id ?? ref.code ?? ref.number ?? '';
const optionOf = (ref: Ref) => ({ value: keyOf(ref), label: refText(ref), ref });

/** Picks one record: type a code, a name or its initials; Enter takes the first hit, also before the list is there. */
export function RefInput(props: WidgetProps) {
  const { field, value, onChange, id, invalid, dense, ghost, onDone } = props;
  const { t } = useText();
  const target = targetOf(field);
  const [q, setQ] = useState('');
  const [open, setOpen] = useState(false);
  const { options, busy, kind } = useChoices(target, q, open);
  const current = typeof value === 'string' ? { code: value } : (asObject(value) as Ref | null);
  // Counts choices, so that an answer that comes late does not choose again and pull the focus back.
  const choices = useRef(0);
  const take = (ref: Ref) => {
    choices.current += 1;
    onChange(ref);
    setQ('');
    setOpen(false);
    onDone?.();
  };
  const takeTyped = async () => {
    if (target === null) return;
    const before = choices.current;
    const hits = await find(target, q, kind).catch(() => []);
    if (choices.current !== before) return;
    const exact = hits.find((ref) => (ref.code ?? ref.number ?? '').toLowerCase() === q.trim().toLowerCase());
    const hit = exact ?? (hits.length === 1 ? hits[0] : undefined);
    if (hit) take(hit);
  };
  return (
    <Select id={id} aria-label={props.label} variant={dense ? 'borderless' : 'outlined'} {...(invalid ? { status: 'error' as const } : {})}
      showSearch={{ filterOption: false, searchValue: q, onSearch: (typed) => { setQ(typed); setOpen(true); } }}
      open={open} onOpenChange={setOpen} popupMatchSelectWidth={dense ? 320 : true} placeholder={ghost ?? t('ref.type')}
      value={current ? optionOf(current) : null} labelInValue allowClear={!dense && !field.required} suffix={dense ? null : undefined}
      notFoundContent={busy ? t('loading') : t('ref.none')} options={options.map(optionOf)} loading={busy && open && !dense}
      onInputKeyDown={(e) => {
        if (e.key === 'Enter' && q !== '' && busy) { e.preventDefault(); e.stopPropagation(); void takeTyped(); }
        const first = options[0];
        if (e.key === 'Tab' && q !== '') {
          if (busy) void takeTyped();
          else if (first) { onChange(first); setQ(''); setOpen(false); }
        }
        if (e.key === 'Delete' && q === '') onChange(null);
      }}
      onSelect={(_, option) => take(option.ref)} onClear={() => onChange(null)} />
  );
}

/** Picks several records. */
export function RefListInput(props: WidgetProps) {
  const { field, value, onChange, id, invalid } = props;
  const { t } = useText();
  const [q, setQ] = useState('');
  const [open, setOpen] = useState(false);
  const { options, busy } = useChoices(targetOf(field), q, open);
  const current = Array.isArray(value) ? value.map((v) => (typeof v === 'string' ? { id: v } : (v as Ref))) : [];
  const known = new Map([...options, ...current].map((ref) => [keyOf(ref), ref]));
  return (
    <Select id={id} mode="multiple" {...(invalid ? { status: 'error' as const } : {})} open={open} onOpenChange={setOpen}
      showSearch={{ filterOption: false, searchValue: q, onSearch: setQ }} placeholder={t('ref.type')}
      notFoundContent={busy ? t('loading') : t('ref.none')} options={options.map(optionOf)}
      value={current.map(optionOf)} labelInValue
      onChange={(next: { value: string }[]) => { setQ(''); onChange(next.map((n) => (known.get(n.value) ?? { id: n.value }) as JsonObject)); }} />
  );
}
