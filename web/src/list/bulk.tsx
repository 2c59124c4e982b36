import { App, Button } from 'antd';
import { useRef, useState } from 'react';
import { api } from '../api/client';
import type { ActionMeta, Page, RecordData, TypeMeta } from '../api/types';
import { useText } from '../i18n';
import { asString, maskOf } from '../lib/values';
import { asks } from '../record/asked';

/** Records per call, and records at most. */
const CHUNK = 50;
const MOST = 10_000;

/** Actions that every selected record can take by its state; with `any`, those that at least one state of the type can take. */
export function sharedActions(type: TypeMeta, records: RecordData[], any = false): ActionMeta[] {
  const named = new Map<string, ActionMeta>();
  for (const a of type.actions) {
    const old = named.get(a.name);
    named.set(a.name, old ? { ...old, from: [...old.from, ...a.from], allowed: old.allowed || a.allowed } : a);
  }
  return [...named.values()].filter((a) => a.allowed && !(asks(a) && (a.data ?? []).some((f) => f.required)) && (any || records.every((r) => a.from.includes(asString(r.state)))));
}

interface ItemResult { id?: string; status?: number; error?: { message?: string } | null }
interface BulkAnswer { results?: ItemResult[]; data?: ItemResult[] }
/** A record that refused, and why. */
export interface Refused { name: string; message: string }

/** Every record that matches, by cursor, up to `most`. */
export async function everything(path: string, query: Record<string, string>, most: number = MOST, signal?: AbortSignal): Promise<RecordData[]> {
  const found: RecordData[] = [];
  let after: string | null = null;
  do {
    const { page, ...rest } = query;
    const answer: Page = await api<Page>(path, { query: { ...rest, pageSize: '200', ...(after ? { after } : {}) }, ...(signal ? { signal } : {}) });
    found.push(...answer.data);
    after = answer.data.length > 0 ? answer.next : null;
  } while (after !== null && found.length < most);
  return found.slice(0, most);
}

/** Runs an action on many records, chunk by chunk; every record is its own transaction at the server. */
export async function runBulk(path: string, action: string, records: RecordData[], onDone: (n: number) => boolean): Promise<{ done: number; refused: Refused[] }> {
  const refused: Refused[] = [];
  let done = 0;
  for (let at = 0; at < records.length; at += CHUNK) {
    const part = records.slice(at, at + CHUNK);
    const answer = await api<BulkAnswer>(`${path}/transitions`, { method: 'POST', body: { action, items: part.map((r) => ({ id: r.id, version: r.version })) } });
    const items = answer.results ?? answer.data ?? [];
    items.forEach((item, i) => {
      if ((item.status ?? 200) < 400 && !item.error) { done += 1; return; }
      const record = part.find((r) => r.id === item.id) ?? part[i];
      refused.push({ name: asString(record?.number) || asString(record?.code) || asString(record?.id), message: item.error?.message ?? String(item.status ?? '') });
    });
    if (!onDone(Math.min(at + CHUNK, records.length))) break;
  }
  return { done, refused };
}

interface Props { cell: string; type: TypeMeta; records: RecordData[]; query: Record<string, string>; total: number; totalExact: boolean; wholePage: boolean; done: () => void }

/** What can be done with the selected records, or with all that match. */
export function Selection({ cell, type, records, query, total, totalExact, wholePage, done }: Props) {
  const { t, l } = useText();
  const { message, modal } = App.useApp();
  const [progress, setProgress] = useState<{ done: number; all: number } | null>(null);
  const [whole, setWhole] = useState(false);
  const stopped = useRef(false);
  if (records.length === 0) return null;
  const path = `/${cell}/${type.resource}`;
  const all = whole && wholePage;
  const work = async (action: ActionMeta) => {
    stopped.current = false;
    setProgress({ done: 0, all: records.length });
    try {
      const found = all ? await everything(path, { ...query, ...maskOf(type) }) : records;
      const able = found.filter((r) => action.from.includes(asString(r.state)));
      if (able.length === 0) { message.info(t('bulk.none')); return; }
      setProgress({ done: 0, all: able.length });
      const result = await runBulk(path, action.name, able, (n) => { setProgress({ done: n, all: able.length }); return !stopped.current; });
      const summary = [t('bulk.done', { ok: result.done, bad: result.refused.length }), ...(found.length > able.length ? [t('bulk.skipped', { n: found.length - able.length })] : [])].join(' · ');
      if (result.refused.length === 0) message.success(summary);
      else modal.warning({ title: summary, width: 560, content: <ul className="refused">{result.refused.map((r) => <li key={r.name}><b>{r.name}</b> {r.message}</li>)}</ul> });
      setWhole(false);
      done();
    } catch (error) {
      message.error(error instanceof Error ? error.message : String(error));
    } finally {
      setProgress(null);
    }
  };
  const run = (action: ActionMeta) => {
    if (!all) { void work(action); return; }
    modal.confirm({ title: t('bulk.ask', { action: l(action.label, action.name), n: totalExact ? total : `${total}+` }), okText: t('action.confirm'), cancelText: t('cancel'), onOk: () => { void work(action); } });
  };
  if (progress) {
    return (
      <div className="selection" role="status">
        <progress className="bulk-bar" value={progress.done} max={progress.all} aria-label={t('bulk.progress', progress)} />
        {t('bulk.progress', progress)}
        <Button size="small" onClick={() => { stopped.current = true; }}>{t('bulk.stop')}</Button>
      </div>
    );
  }
  return (
    <div className="selection" data-testid="selection">
      {all ? t('bulk.all', { n: totalExact ? total : `${total}+` }) : t('list.selected', { n: records.length })}
      {wholePage && total > records.length ? (
        <button type="button" className="link-button" onClick={() => setWhole(!all)}>{all ? t('bulk.page') : t('bulk.everything', { n: totalExact ? total : `${total}+` })}</button>
      ) : null}
      {sharedActions(type, records, all).map((a) => <Button key={a.name} size="small" data-bulk={a.name} onClick={() => run(a)}>{l(a.label, a.name)}</Button>)}
    </div>
  );
}
