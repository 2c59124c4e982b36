import { useQueryClient } from '@tanstack/react-query';
import { App } from 'antd';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { api, ApiError } from '../api/client';
import type { Field, Json, Page, RecordData, TypeMeta } from '../api/types';
import { WIDGETS } from '../fields/registry';
import { Value } from '../fields/value';
import { useText } from '../i18n';
import { asString, fault, maskOf, showValue, toWire, valueOf } from '../lib/values';
import { isWritable } from '../record/draft';

/** Types whose values fit into a cell of a list. */
const FITS = new Set(['text', 'decimal', 'integer', 'date', 'choice', 'ref', 'user', 'department', 'boolean']);
/** Types whose value is complete with the choice. */
const CHOSEN = new Set(['choice', 'ref', 'user', 'department', 'boolean']);

/** Whether a value of a record may be changed in the list: writable, plain, and in a state that allows it. */
export function isInline(type: TypeMeta, field: Field, record: RecordData): boolean {
  const open = type.editableStates.length === 0 || type.states.length === 0 || type.editableStates.includes(asString(record.state));
  return open && type.permissions.update && isWritable(field) && !field.group && !field.masked && !field.sensitive && FITS.has(field.type) && field.name in record;
}

/** What a cell of a list needs to be edited in place. */
export interface InlineProps { cell: string; type: TypeMeta; field: Field; record: RecordData }

/** A value of a list that opens where it stands; Enter saves it under the record's version, Escape leaves it. */
export function InlineCell(props: InlineProps) {
  const { type, field, record } = props;
  const { l, lang } = useText();
  const [open, setOpen] = useState(false);
  const rest = useRef<HTMLButtonElement>(null);
  const back = useRef(false);
  useEffect(() => { if (!open && back.current) { back.current = false; rest.current?.focus(); } }, [open]);
  if (!isInline(type, field, record)) return <Value field={field} value={valueOf(record, field)} links={false} states={type.states} />;
  if (open) return <Editor {...props} close={(focus) => { back.current = focus; setOpen(false); }} />;
  return (
    <button ref={rest} type="button" className="inline-rest" aria-label={`${l(field.label, field.name)}: ${showValue(field, valueOf(record, field), lang)}`} onClick={(e) => { e.stopPropagation(); setOpen(true); }}>
      <Value field={field} value={valueOf(record, field)} links={false} states={type.states} />
    </button>
  );
}

function Editor({ cell, type, field, record, close }: InlineProps & { close: (focus: boolean) => void }) {
  const { t, l, lang } = useText();
  const { message } = App.useApp();
  const client = useQueryClient();
  const before = valueOf(record, field);
  const [value, setValue] = useState<Json>(before);
  const [bad, setBad] = useState(false);
  const latest = useRef<Json>(before);
  const busy = useRef(false);
  const id = `inline-${record.id}-${field.name}`;
  useEffect(() => { document.getElementById(id)?.focus(); }, [id]);
  const show = (next: RecordData) => {
    client.setQueriesData<Page>({ queryKey: ['list', cell, type.resource] }, (page) => (page ? { ...page, data: page.data.map((r) => (r.id === next.id ? next : r)) } : page));
    client.setQueryData(['record', cell, type.resource, next.id], next);
  };
  const save = async (focus: boolean) => {
    if (busy.current) return;
    const wire = toWire(field, latest.current);
    if (JSON.stringify(wire) === JSON.stringify(toWire(field, before))) { busy.current = true; close(focus); return; }
    const wrong = fault(field, latest.current, lang);
    if (wrong !== null) { setBad(true); message.error(`${l(field.label, field.name)}: ${wrong}`); return; }
    busy.current = true;
    const path = `/${cell}/${type.resource}/${record.id}`;
    try {
      show(await api<RecordData>(path, { method: 'PATCH', version: record.version, query: maskOf(type), body: { version: record.version, [field.name]: wire } }));
      close(focus);
    } catch (error) {
      busy.current = false;
      if (error instanceof ApiError && error.code === 'CONFLICT') {
        show(await api<RecordData>(path, { query: maskOf(type) }));
        message.warning(t('conflict.title'));
        close(focus);
        return;
      }
      setBad(true);
      message.error(error instanceof ApiError && error.fields[0] ? error.fields[0].message : error instanceof Error ? error.message : String(error));
    }
  };
  const onKey = (e: KeyboardEvent) => {
    e.stopPropagation();
    if (e.nativeEvent.isComposing) return;
    if (e.key === 'Escape') { busy.current = true; close(true); }
    if (e.key !== 'Enter' || (e.target as HTMLElement).closest('.ant-select-open')) return;
    // Leaving the input settles what was typed; the save follows from there.
    if (e.target instanceof HTMLInputElement) e.target.blur();
  };
  const Widget = WIDGETS[field.type];
  return (
    <span className="inline-edit" data-inline={field.name} onClick={(e) => e.stopPropagation()} onKeyDown={onKey}
      onBlur={(e) => { if (!e.currentTarget.contains(e.relatedTarget)) void save(e.relatedTarget === null); }}>
      <Widget field={field} value={value} id={id} label={l(field.label, field.name)} dense invalid={bad}
        onChange={(next) => { latest.current = next; setValue(next); setBad(false); if (CHOSEN.has(field.type)) void save(true); }} />
    </span>
  );
}
