import { useQuery } from '@tanstack/react-query';
import { App } from 'antd';
import { useEffect, useImperativeHandle, useMemo, useState, type Ref } from 'react';
import { api } from '../api/client';
import { useMe } from '../api/meta';
import type { CellMeta, Page, RecordData, TypeMeta } from '../api/types';
import { Failure, Skeleton } from '../app/notice';
import { nameIn, useText, useWords } from '../i18n';
import { ConflictDialog } from '../record/conflict';
import { Draft } from '../record/draft';
import { HeadFields } from '../record/fields';
import { useSave } from '../record/use-save';
import { WORDS } from './words';

/** Saves what a step holds; false keeps the person there. */
export interface StepHandle { save: () => Promise<boolean> }

function Form({ cell, type, record, handle }: { cell: string; type: TypeMeta; record: RecordData | null; handle: Ref<StepHandle> }) {
  const { l } = useText();
  const { message } = App.useApp();
  const draft = useMemo(() => new Draft(type, record), []); // eslint-disable-line react-hooks/exhaustive-deps -- one draft per visit
  const [theirs, setTheirs] = useState<RecordData | null>(null);
  const { save } = useSave(cell, draft);
  useImperativeHandle(handle, () => ({
    save: async () => {
      if (!draft.dirty) return true;
      const outcome = await save();
      if ('id' in outcome && 'version' in outcome) return true;
      if (outcome.theirs) setTheirs(outcome.theirs);
      if (outcome.text) message.error(outcome.text);
      return false;
    },
  }), [draft, save, message]);
  return (
    <section className="start-settings">
      <h3>{l(type.label, type.name)}</h3>
      <HeadFields draft={draft} editable />
      {theirs ? <ConflictDialog draft={draft} theirs={theirs} onClose={() => setTheirs(null)} /> : null}
    </section>
  );
}

function Settings({ cell, type, handle }: { cell: string; type: TypeMeta; handle: Ref<StepHandle> }) {
  const answer = useQuery({ queryKey: ['list', cell, type.resource, 'only'], queryFn: () => api<Page>(`/${cell}/${type.resource}`, { query: { pageSize: '1' } }), staleTime: 0 });
  if (answer.isPending) return <Skeleton rows={3} />;
  if (answer.isError) return <Failure error={answer.error} retry={() => void answer.refetch()} />;
  return <Form cell={cell} type={type} record={answer.data.data[0] ?? null} handle={handle} />;
}

/** The settings there are, of every cell, that this person may change. */
export function Company({ metas, handle }: { metas: CellMeta[]; handle: Ref<StepHandle> }) {
  const me = useMe();
  const { lang } = useText();
  const w = useWords(WORDS);
  const settings = metas.flatMap((meta) => meta.types.filter((type) => type.kind === 'setting' && type.permissions.update).map((type) => ({ cell: meta.cell, type })));
  const handles = useMemo(() => new Map<string, StepHandle | null>(), []);
  useImperativeHandle(handle, () => ({
    save: async () => {
      for (const one of handles.values()) if (one && !(await one.save())) return false;
      return true;
    },
  }), [handles]);
  useEffect(() => () => handles.clear(), [handles]);
  return (
    <>
      <dl className="start-name"><dt className="muted">{w('name')}</dt><dd><b>{nameIn(lang, me.tenant)}</b> <span className="muted">{me.tenant.code}</span><div className="muted small">{w('nameHelp')}</div></dd></dl>
      {settings.map(({ cell, type }) => <Settings key={`${cell}/${type.name}`} cell={cell} type={type} handle={(one) => { handles.set(`${cell}/${type.name}`, one); }} />)}
    </>
  );
}
