import { App, Button, Modal } from 'antd';
import { useMemo, useState, type KeyboardEvent } from 'react';
import { api, ApiError } from '../api/client';
import type { ActionMeta, AllowedAction, Created, JsonObject, RecordData, TypeMeta } from '../api/types';
import { useCommand } from '../app/commands';
import { useText, type Lang, labelIn, text } from '../i18n';
import { uuid } from '../lib/uuid';
import { asString, maskOf } from '../lib/values';
import { asks } from './asked';
import { Draft } from './draft';
import { HeadFields } from './fields';
import { LineGrid } from './line-grid';
import { focusError } from './use-save';

interface Props {
  cell: string; type: TypeMeta; record: RecordData; quiet: boolean;
  /** Saves first when something was changed; null when that failed. */
  ready: () => Promise<RecordData | null>;
  onDone: (record: RecordData, created: Created[], label: string) => void;
  onConflict: () => void;
}

/** What an action asks for, as a small record of its own: the dialog is the form of it. */
export function askedType(action: ActionMeta): TypeMeta {
  const permissions = { read: true, create: true, update: true, delete: false, export: false, unmask: false };
  return {
    name: action.name, resource: '', kind: 'setting', label: action.label, titleField: '', fields: action.data ?? [],
    tables: (action.dataTables ?? []).map((table) => ({ ...table, minRows: table.minRows ?? 0 })), states: [], editableStates: [], actions: [], permissions, list: { columns: [] },
  };
}

function ActionDialog({ action, label, busy, problem, onRun, onClose }: {
  action: ActionMeta; label: string; busy: boolean; problem: ApiError | null; onRun: (data: JsonObject) => void; onClose: () => void;
}) {
  const { lang, t } = useText();
  const draft = useMemo(() => { const made = new Draft(askedType(action), null); made.ids = 'act-'; return made; }, [action]);
  const lost = useMemo(() => {
    const refused = (problem?.fields ?? []).map((f) => [draft.pathOf(f.field.replace(/^data\./, '')), f.message] as const);
    draft.setErrors(new Map(refused));
    return problem !== null && refused.length === 0 ? problem.message : null;
  }, [draft, problem]);
  const run = () => {
    const found = draft.faults(lang);
    draft.setErrors(found);
    if (found.size > 0) { focusError(draft); return; }
    onRun(Object.fromEntries(Object.entries(draft.body()).filter(([, value]) => !(Array.isArray(value) && value.length === 0))));
  };
  const onKeyDown = (e: KeyboardEvent) => {
    e.stopPropagation();
    if (e.key === 'Enter' && (e.ctrlKey || !(e.target instanceof HTMLElement && e.target.closest('[data-table], .ant-select, textarea')))) run();
  };
  const tables = draft.type.tables;
  return (
    <Modal open title={label} width={tables.length > 0 ? 860 : 480} okText={t('action.confirm')} cancelText={t('cancel')} confirmLoading={busy} onOk={run} onCancel={onClose} destroyOnHidden
      afterOpenChange={(open) => { if (open) document.querySelector<HTMLElement>('.dialog-fields :is(input, textarea)')?.focus(); }}>
      <div className="dialog-fields" onKeyDown={onKeyDown}>
        <HeadFields draft={draft} editable />
        {tables.map((table) => <LineGrid key={table.name} draft={draft} table={table} editable />)}
        {tables.length > 0 ? <p className="muted small">{t('action.rows')}</p> : null}
        {lost ? <div className="problem" role="alert">{lost}</div> : null}
      </div>
    </Modal>
  );
}

/** Index of the action that leads on: the first that does not end in a void state; -1 when none does. */
export function leadingAction(type: TypeMeta, allowed: AllowedAction[]): number {
  return allowed.findIndex((a) => {
    const meta = type.actions.find((m) => m.name === a.action);
    const tone = type.states.find((s) => s.value === meta?.to)?.tone;
    const backwards = meta !== undefined && type.states.findIndex((s) => s.value === meta.to) < Math.min(...meta.from.map((f) => type.states.findIndex((s) => s.value === f)));
    return tone !== 'void' && !backwards && type.kind === 'document';
  });
}

/** Steps of the type that are not possible now, each with the reason: the missing right, or the state that would allow it. */
export function closedActions(type: TypeMeta, record: RecordData, allowed: AllowedAction[], lang: Lang): { name: string; label: string; reason: string }[] {
  const names = [...new Set(type.actions.map((a) => a.name))].filter((name) => !allowed.some((a) => a.action === name));
  return names.map((name) => {
    const edges = type.actions.filter((a) => a.name === name);
    const from = [...new Set(edges.flatMap((a) => a.from))];
    const states = type.states.filter((s) => from.includes(s.value)).map((s) => labelIn(lang, s.label, s.value));
    const reason = !edges.some((a) => a.allowed) ? text(lang, 'why.right')
      : from.includes(asString(record.state)) ? text(lang, 'why.now') : text(lang, 'why.state', { states: states.join(lang === 'zh' ? '、' : ', ') });
    return { name, label: labelIn(lang, edges[0]?.label, name), reason };
  });
}

/** The actions a record allows now. */
export function allowedActions(record: RecordData): AllowedAction[] {
  return (Array.isArray(record.allowedActions) ? record.allowedActions : []) as unknown as AllowedAction[];
}

/** The steps that are possible now, in the caller's language. */
export function ActionButtons(props: Props) {
  const { cell, type, record, quiet } = props;
  const { t } = useText();
  const { modal } = App.useApp();
  const [asking, setAsking] = useState<AllowedAction | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const allowed = allowedActions(record);
  const metaOf = (a: AllowedAction | null) => type.actions.find((m) => m.name === a?.action);

  const run = async (action: AllowedAction, data: JsonObject) => {
    setBusy(action.action);
    setProblem(null);
    try {
      const now = await props.ready();
      if (now === null) return;
      const done = await api<RecordData & { created?: Created[] }>(`/${cell}/${type.resource}/${now.id}/transitions`, {
        method: 'POST', requestId: uuid(), query: maskOf(type),
        body: { action: action.action, version: now.version, ...(Object.keys(data).length > 0 ? { data } : {}) },
      });
      setAsking(null);
      props.onDone(done, done.created ?? [], action.label);
    } catch (error) {
      const known = error instanceof ApiError ? error : new ApiError(0, 'UNKNOWN', error instanceof Error ? error.message : String(error));
      if (known.code === 'CONFLICT') { setAsking(null); props.onConflict(); return; }
      setProblem(known);
      if (asking === null) {
        const words = known.fields.length > 0 ? known.fields.map((f) => <div key={f.field}>{f.message}</div>) : known.message;
        modal.error({ title: action.label, content: <>{words}<div className="small muted">{known.requestId ? t('error.request', { id: known.requestId }) : ''}</div></> });
      }
    } finally {
      setBusy(null);
    }
  };
  const finished = type.states.find((s) => s.value === record.state)?.tone === 'done';
  const lead = finished ? -1 : leadingAction(type, allowed);
  const start = (action: AllowedAction) => {
    setProblem(null);
    if (asks(metaOf(action))) setAsking(action);
    else void run(action, {});
  };
  const leading = allowed[lead];
  useCommand('lead', leading && busy === null && asking === null ? () => start(leading) : null);
  return (
    <>
      {allowed.map((action, i) => (
        <Button key={action.action} data-action={action.action} type={i === lead && quiet ? 'primary' : 'default'} loading={busy === action.action}
          disabled={busy !== null && busy !== action.action}
          title={i === lead ? 'Ctrl-Enter' : undefined} onClick={() => start(action)}>
          {action.label}
        </Button>
      ))}
      {asking !== null ? (
        <ActionDialog key={asking.action} action={metaOf(asking) ?? { name: '', label: { zh: '', en: '' }, from: [], to: '', allowed: true }} label={asking.label}
          busy={busy !== null} problem={problem} onRun={(data) => void run(asking, data)} onClose={() => setAsking(null)} />
      ) : null}
    </>
  );
}
