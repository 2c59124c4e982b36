import { useEffect, useState } from 'react';
import { api } from '../api/client';
import { useMetas } from '../api/meta';
import type { CellMeta, Field, Json, JsonObject, RecordData, TypeMeta } from '../api/types';
import { Skeleton } from '../app/notice';
import { WIDGETS } from '../fields/registry';
import { Value } from '../fields/value';
import { useText } from '../i18n';
import { asObject, asString, isBlank, maskOf, showValue, valueOf } from '../lib/values';
import { isWritable, useDraft, type Draft } from './draft';

/** Id of the input of a field, so that labels and error jumps find it. */
export function inputId(path: string): string {
  return `f-${path.replace(/[^\w-]/g, '_')}`;
}

const WIDE = ['longtext', 'permissions', 'json', 'text-list', 'ref-list'];

/** What a chosen document says about the other blank fields of the head: who it is for, where it happens. */
async function fillFrom(draft: Draft, field: Field, value: Json, metas: CellMeta[]): Promise<void> {
  const id = asString(asObject(value)?.id);
  const type = metas.find((m) => m.cell === field.ref?.cell)?.types.find((x) => x.name === field.ref?.type);
  if (field.type !== 'ref' || type?.kind !== 'document' || id === '') return;
  const source = await api<RecordData>(`/${field.ref?.cell ?? ''}/${type.resource}/${id}`, { query: maskOf(type) }).catch(() => null);
  if (source === null || asString(asObject(draft.head[field.name])?.id) !== id) return;
  for (const other of draft.type.fields) {
    const known = asObject(source[other.name]);
    if (other !== field && other.type === 'ref' && isWritable(other) && known !== null && isBlank(draft.head[other.name])) draft.setHead(other.name, known);
  }
}

function Item({ draft, field, editable }: { draft: Draft; field: Field; editable: boolean }) {
  const { l, lang } = useText();
  const { metas } = useMetas();
  const own = draft.head[field.name] ?? null;
  const ghost = draft.headGhosts[field.name];
  const error = draft.errors.get(field.name);
  const now = draft.when(field);
  const writable = editable && isWritable(field) && !now.fixed && !(field.masked && field.type !== 'secret');
  const id = inputId(`${draft.ids}${field.name}`);
  const Widget = WIDGETS[field.type];
  const shown = isWritable(field) ? own : (ghost ?? own);
  const label = l(field.label, field.name);
  return (
    <div className={`item ${WIDE.includes(field.type) ? 'item-wide' : ''} item-${field.type}`} data-field={field.name}>
      <label className="item-label" htmlFor={writable ? id : undefined} title={l(field.help) || label}>
        {(field.required || now.required) && writable ? <span className="star" aria-hidden="true">*</span> : null}{label}
      </label>
      <div className="item-body">
        {writable || field.type === 'permissions' ? (
          <Widget field={writable ? field : { ...field, readOnly: true }} value={own} id={id} invalid={error !== undefined} onChange={(value) => { draft.setHead(field.name, value); void fillFrom(draft, field, value, metas); }}
            {...(isBlank(own) && !isBlank(ghost) ? { ghost: showValue(field, ghost, lang) } : {})} />
        ) : <div className="at-rest"><Value field={field} value={shown} states={draft.type.states} /></div>}
        {error ? <div className="item-error" role="alert">{error}</div> : null}
      </div>
    </div>
  );
}

/** The two or three figures that matter: the computed amounts of a document's head. They stand beside its title. */
export function figuresOf(type: TypeMeta): Field[] {
  return type.kind === 'document' ? type.fields.filter((f) => f.type === 'decimal' && f.kind === 'amount' && !isWritable(f)).slice(-3) : [];
}

/**
 * Fields of the head that the form shows, in declared order. The figures stand beside the title, and what only the
 * server fills in stays out while there is nothing in it.
 */
export function headFields(type: TypeMeta, record: JsonObject | null): Field[] {
  const figures = figuresOf(type);
  return type.fields.filter((f) => {
    if (f.type === 'state' || f.name === 'number' || figures.includes(f)) return false;
    const value = record === null ? null : valueOf(record, f);
    return isWritable(f) || !(isBlank(value) || value === false);
  });
}

/** Fetches what evaluates conditions, once a type has some. Without it every field stands open; the server still holds to them. */
function useConditions(draft: Draft): boolean {
  const [failed, setFailed] = useState(false);
  const asks = draft.asks && !failed;
  useEffect(() => {
    if (asks) import('../lib/condition').then(({ holds }) => draft.learn(holds), () => setFailed(true));
  }, [asks, draft]);
  return asks;
}

/** The head of a record as a grid of labels and inputs. */
export function HeadFields({ draft, editable }: { draft: Draft; editable: boolean }) {
  const { t } = useText();
  useDraft(draft, 'head');
  useDraft(draft, 'errors');
  const waits = useConditions(draft);
  if (waits) return <Skeleton rows={4} />;
  const all = headFields(draft.type, draft.base).filter((f) => !draft.when(f).hidden);
  const fields = [...all.filter((f) => !WIDE.includes(f.type)), ...all.filter((f) => WIDE.includes(f.type))];
  const groups = [...new Set(fields.map((f) => f.group ?? ''))];
  return (
    <>
      {groups.map((group) => (
        <div key={group} className="fields">
          {group !== '' ? <div className="fields-head">{group === 'dimensions' || group === 'limits' || group === 'custom' ? t(`record.group.${group}`) : group}</div> : null}
          {fields.filter((f) => (f.group ?? '') === group).map((field) => <Item key={field.name} draft={draft} field={field} editable={editable} />)}
        </div>
      ))}
    </>
  );
}
