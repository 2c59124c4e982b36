import { App, Button, Modal } from 'antd';
import { useState } from 'react';
import { api, ApiError } from '../api/client';
import type { ActionMeta, AllowedAction, Created, Field, Json, JsonObject, RecordData, TypeMeta } from '../api/types';
import { WIDGETS } from '../fields/registry';
import { useText } from '../i18n';
import { uuid } from '../lib/uuid';
import { fault, toWire } from '../lib/values';

interface Props {
  cell: string; type: TypeMeta; record: RecordData; quiet: boolean;
  /** Saves first when something was changed; null when that failed. */
  ready: () => Promise<RecordData | null>;
  onDone: (record: RecordData, created: Created[], label: string) => void;
  onConflict: () => void;
}

/** Fields of an action that the dialog asks for; row lists are left to the document that the action makes. */
export function askedFields(action: ActionMeta | undefined): Field[] {
  return (action?.data ?? []).filter((f) => f.type !== 'json' || f.required);
}

function ActionDialog({ action, label, busy, problem, onRun, onClose }: {
  action: ActionMeta; label: string; busy: boolean; problem: ApiError | null; onRun: (data: JsonObject) => void; onClose: () => void;
}) {
  const { l, lang, t } = useText();
  const [values, setValues] = useState<JsonObject>(Object.fromEntries(askedFields(action).map((f) => [f.name, f.default ?? null])));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const fields = askedFields(action);
  const refused = new Map((problem?.fields ?? []).map((f) => [f.field.replace(/^data\./, ''), f.message]));
  const run = () => {
    const found = Object.fromEntries(fields.flatMap((f) => { const text = fault(f, values[f.name] ?? null, lang); return text ? [[f.name, text]] : []; }));
    setErrors(found);
    if (Object.keys(found).length > 0) return;
    onRun(Object.fromEntries(fields.flatMap((f) => { const value = toWire(f, values[f.name] ?? null); return value === null ? [] : [[f.name, value]]; })));
  };
  return (
    <Modal open title={label} okText={t('action.confirm')} cancelText={t('cancel')} confirmLoading={busy} onOk={run} onCancel={onClose} destroyOnHidden>
      <form className="dialog-fields" onSubmit={(e) => { e.preventDefault(); run(); }}>
        {fields.map((field) => {
          const Widget = WIDGETS[field.type];
          const error = errors[field.name] ?? refused.get(field.name);
          return (
            <div key={field.name} className="item">
              <label className="item-label" htmlFor={`act-${field.name}`}>{field.required ? <span className="star">*</span> : null}{l(field.label, field.name)}</label>
              <div className="item-body">
                <Widget field={field} id={`act-${field.name}`} value={values[field.name] ?? null} invalid={error !== undefined}
                  onChange={(value: Json) => setValues((v) => ({ ...v, [field.name]: value }))} />
                {error ? <div className="item-error" role="alert">{error}</div> : null}
              </div>
            </div>
          );
        })}
        {problem && refused.size === 0 ? <div className="problem" role="alert">{problem.message}</div> : null}
        <button type="submit" hidden />
      </form>
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

/** The steps that are possible now, in the caller's language. */
export function ActionButtons(props: Props) {
  const { cell, type, record, quiet } = props;
  const { t } = useText();
  const { modal } = App.useApp();
  const [asking, setAsking] = useState<AllowedAction | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const allowed = (Array.isArray(record.allowedActions) ? record.allowedActions : []) as unknown as AllowedAction[];
  const metaOf = (a: AllowedAction | null) => type.actions.find((m) => m.name === a?.action);

  const run = async (action: AllowedAction, data: JsonObject) => {
    setBusy(action.action);
    setProblem(null);
    try {
      const now = await props.ready();
      if (now === null) return;
      const done = await api<RecordData & { created?: Created[] }>(`/${cell}/${type.resource}/${now.id}/transitions`, {
        method: 'POST', requestId: uuid(),
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
  return (
    <>
      {allowed.map((action, i) => (
        <Button key={action.action} data-action={action.action} type={i === lead && quiet ? 'primary' : 'default'} loading={busy === action.action}
          disabled={busy !== null && busy !== action.action}
          onClick={() => { setProblem(null); if (askedFields(metaOf(action)).length > 0) setAsking(action); else void run(action, {}); }}>
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
