import { useQuery } from '@tanstack/react-query';
import { Select } from 'antd';
import { Suspense, useEffect, useMemo, useRef, useState, type ReactElement } from 'react';
import { api } from '../api/client';
import { typeOf, useCellMeta, useMe, useMetas } from '../api/meta';
import type { JsonObject, Page, Ref, RefTarget, TypeMeta } from '../api/types';
import { part } from '../app/part';
import { useText } from '../i18n';
import { remember, remembered } from '../lib/preferences';
import { asObject, asString, refText, targetOf } from '../lib/values';
import { parentOf, RowRefInput } from './row-ref';
import type { WidgetProps } from './widget';

/** How many of the last picked records are offered first. */
const LAST = 6;

const CreateInPlace = part(() => import('../record/create-in-place').then((m) => m.CreateInPlace));

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
  const { type, kind } = useTarget(target);
  const rested = useRested(q, 150);
  const result = useQuery({
    queryKey: ['refs', target?.cell, target?.resource, rested, kind],
    queryFn: ({ signal }) => (target ? find(target, rested, kind, signal) : Promise.resolve([])),
    enabled: open && target !== null && kind !== undefined,
    staleTime: 30_000,
  });
  return { options: result.data ?? [], busy: result.isFetching || rested !== q, kind, type };
}

/** The type a reference points at, and its kind: a master when the metadata does not say, undefined until it is there. */
function useTarget(target: RefTarget | null): { type: TypeMeta | undefined; kind: TypeMeta['kind'] | undefined } {
  const meta = useCellMeta(target?.cell ?? 'platform');
  if (target === null || meta.isPending) return { type: undefined, kind: undefined };
  const type = meta.data && typeOf(meta.data, target.resource);
  return { type, kind: type?.kind ?? 'master' };
}

const keyOf = (ref: Ref) => ref.id ?? ref.code ?? ref.number ?? '';
const optionOf = (ref: Ref) => ({ value: keyOf(ref), label: refText(ref), ref });

type Option = ReturnType<typeof optionOf>;

/** What is offered: while nothing is typed, what this person picked last stands first. */
function offered(options: Ref[], last: Ref[], q: string, heads: { last: string; all: string }): (Option | { label: string; options: Option[] })[] {
  if (q !== '' || last.length === 0) return options.map(optionOf);
  const known = new Set(last.map(keyOf));
  const rest = options.filter((ref) => !known.has(keyOf(ref)));
  return [{ label: heads.last, options: last.map(optionOf) }, ...(rest.length > 0 ? [{ label: heads.all, options: rest.map(optionOf) }] : [])];
}

/** Picks one record, or one row of the record in the head when the field points at rows. */
export function RefInput(props: WidgetProps) {
  const { metas } = useMetas();
  return parentOf(props.field, metas) === null ? <RecordInput {...props} /> : <RowRefInput {...props} />;
}

/** Picks one record: type a code, a name or its initials; Enter takes the first hit, also before the list is there. */
function RecordInput(props: WidgetProps) {
  const { field, value, onChange, id, invalid, dense, ghost, onDone } = props;
  const { t, l, lang } = useText();
  const me = useMe();
  const target = targetOf(field);
  const [q, setQ] = useState('');
  const [open, setOpen] = useState(false);
  const [making, setMaking] = useState<string | null>(null);
  const { options, busy, kind, type } = useChoices(target, q, open);
  const lastKey = `superpaas.refs.${me.tenant.code}.${me.person.id}.${lang}.${target?.cell ?? ''}/${target?.resource ?? ''}`;
  const last = useMemo(() => (open ? remembered<Ref[]>(lastKey, []) : []), [open, lastKey]);
  const shown = offered(options, last, q, { last: t('ref.last'), all: t('ref.all') });
  const current = typeof value === 'string' ? { code: value } : (asObject(value) as Ref | null);
  // Counts choices, so that an answer that comes late does not choose again and pull the focus back.
  const choices = useRef(0);
  const choose = (ref: Ref) => {
    choices.current += 1;
    remember(lastKey, [ref, ...remembered<Ref[]>(lastKey, []).filter((r) => keyOf(r) !== keyOf(ref))].slice(0, LAST));
    onChange(ref);
    setQ('');
    setOpen(false);
  };
  const take = (ref: Ref) => { choose(ref); onDone?.(); };
  const takeTyped = async () => {
    if (target === null) return;
    const before = choices.current;
    const hits = await find(target, q, kind).catch(() => []);
    if (choices.current !== before) return;
    const exact = hits.find((ref) => (ref.code ?? ref.number ?? '').toLowerCase() === q.trim().toLowerCase());
    const hit = exact ?? (hits.length === 1 ? hits[0] : undefined);
    if (hit) take(hit);
  };
  const creatable = type?.kind === 'master' && type.permissions.create;
  const foot = (menu: ReactElement) => (
    <>{menu}{creatable ? (
      <div className="ref-foot"><button type="button" className="link-button" onMouseDown={(e) => e.preventDefault()}
        onClick={() => { setMaking(q); setOpen(false); }}>+ {t('record.new', { type: l(type.label, type.name) })}{q ? ` “${q}”` : ''}</button></div>
    ) : null}</>
  );
  return (
    <>
      <Select id={id} aria-label={props.label} variant={dense ? 'borderless' : 'outlined'} {...(invalid ? { status: 'error' as const } : {})}
        showSearch={{ filterOption: false, searchValue: q, onSearch: (typed) => { setQ(typed); setOpen(true); } }}
        open={open} onOpenChange={setOpen} popupMatchSelectWidth={dense ? 320 : true} placeholder={ghost ?? t('ref.type')} popupRender={foot}
        value={current ? optionOf(current) : null} labelInValue allowClear={!dense && !field.required} suffix={dense ? null : undefined}
        notFoundContent={busy ? t('loading') : t('ref.none')} options={shown} loading={busy && open && !dense}
        onInputKeyDown={(e) => {
          if (e.key === 'Enter' && q !== '' && busy) { e.preventDefault(); e.stopPropagation(); void takeTyped(); }
          const first = options[0];
          if (e.key === 'Tab' && q !== '') {
            if (busy) void takeTyped();
            else if (first) choose(first);
          }
          if (e.key === 'Delete' && q === '') onChange(null);
        }}
        onSelect={(_, option) => take((option as Option).ref)} onClear={() => onChange(null)} />
      {making !== null && target && type ? (
        <Suspense fallback={null}><CreateInPlace cell={target.cell} type={type} typed={making} onMade={(record) => { setMaking(null); take(refOf(record)); }} onClose={() => setMaking(null)} /></Suspense>
      ) : null}
    </>
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
