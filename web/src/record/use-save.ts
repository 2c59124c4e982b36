import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import { api, ApiError } from '../api/client';
import type { RecordData } from '../api/types';
import { useText, type Lang } from '../i18n';
import { maskOf } from '../lib/values';
import type { Draft } from './draft';
import { inputId } from './fields';

/** How long input rests before the server is asked what it would compute, milliseconds. */
const PREVIEW_MS = 450;

/** Moves the focus to the first marked place. */
export function focusError(draft: Draft): void {
  const path = [...draft.errors.keys()][0];
  if (path === undefined) return;
  const cell = /^(\w+)\[(\d+)\]\.(.+)$/.exec(path);
  const place = cell
    ? [...document.querySelectorAll<HTMLElement>(`[data-table="${cell[1]}"] [data-row="${cell[2]}"] [data-field="${cell[3]}"] :is(input, button, textarea)`)].at(-1)
    : document.getElementById(inputId(`${draft.ids}${path}`));
  place?.focus();
  place?.scrollIntoView({ block: 'center' });
}

/** Puts the refused fields beside their inputs; answers the words for what has no place on the page. */
export function showRefusal(draft: Draft, error: ApiError): string | null {
  const fields = error.fields;
  if (fields.length === 0) return error.message;
  draft.setErrors(new Map(fields.map((f) => [draft.pathOf(f.field), f.message || error.message])));
  focusError(draft);
  const known = new Set(draft.type.fields.map((f) => f.name));
  const lost = fields.filter((f) => !f.field.includes('[') && !known.has(draft.pathOf(f.field)));
  return lost.length > 0 ? lost.map((f) => f.message).join('\n') : null;
}

function send(cell: string, draft: Draft, options: { dryRun?: boolean; signal?: AbortSignal } = {}): Promise<RecordData> {
  const base = `/${cell}/${draft.type.resource}`;
  const common = {
    body: draft.body(),
    query: { ...maskOf(draft.type), ...(options.dryRun ? { dryRun: 'true' } : {}) },
    ...(options.dryRun ? {} : { requestId: draft.requestId }),
    ...(options.signal ? { signal: options.signal } : {}),
  };
  return draft.base === null
    ? api<RecordData>(base, { method: 'POST', ...common })
    : api<RecordData>(`${base}/${draft.base.id}`, { method: 'PATCH', version: draft.base.version, ...common });
}

/** What the server would compute for the present input, a moment after typing stops. Refusals wait for the save. */
export function usePreview(cell: string, draft: Draft, lang: Lang, enabled: boolean): void {
  useEffect(() => {
    if (!enabled) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let running: AbortController | null = null;
    const ask = () => {
      clearTimeout(timer);
      running?.abort();
      timer = setTimeout(() => {
        if (!draft.dirty || draft.faults(lang).size > 0) return;
        const mine = new AbortController();
        running = mine;
        send(cell, draft, { dryRun: true, signal: mine.signal })
          .then((record) => { if (!mine.signal.aborted) draft.setGhosts(record); }, () => undefined);
      }, PREVIEW_MS);
    };
    const stop = draft.subscribe('any', ask);
    return () => { stop(); clearTimeout(timer); running?.abort(); };
  }, [cell, draft, lang, enabled]);
}

/** Outcome of a save that is not the record itself. */
export interface SaveProblem { text: string | null; theirs?: RecordData }

/** Saves a draft: once at a time, the same request id on a retry, conflicts told apart from refusals. */
export function useSave(cell: string, draft: Draft) {
  const { t, lang } = useText();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const save = useCallback(async (): Promise<RecordData | SaveProblem> => {
    const faults = draft.faults(lang);
    draft.setErrors(faults);
    if (faults.size > 0) {
      focusError(draft);
      return { text: t('record.fix', { n: faults.size }) };
    }
    setBusy(true);
    try {
      const record = await send(cell, draft);
      draft.load(record);
      client.setQueryData(['record', cell, draft.type.resource, record.id], record);
      void client.invalidateQueries({ queryKey: ['list', cell] });
      void client.invalidateQueries({ queryKey: ['refs', cell] });
      // What a custom field is, the metadata says.
      if (draft.type.name === 'custom-field') void client.invalidateQueries({ queryKey: ['meta'] });
      return record;
    } catch (error) {
      if (!(error instanceof ApiError)) return { text: error instanceof Error ? error.message : String(error) };
      if (error.code === 'CONFLICT' && draft.base !== null) {
        return { text: null, theirs: await api<RecordData>(`/${cell}/${draft.type.resource}/${draft.base.id}`, { query: maskOf(draft.type) }) };
      }
      return { text: showRefusal(draft, error) };
    } finally {
      setBusy(false);
    }
  }, [cell, client, draft, lang, t]);
  return { save, busy };
}
