import { App, Button } from 'antd';
import { useState, type ComponentType } from 'react';
import { api, saveFile } from '../api/client';
import type { Json, JsonObject } from '../api/types';
import { useText } from '../i18n';
import { today } from '../lib/dates';
import { asString } from '../lib/values';

/** Takes away how far the sealed log reaches now: kept elsewhere, it proves later that nothing before it was cut. */
function Checkpoint() {
  const { t } = useText();
  const { modal, message } = App.useApp();
  const take = async () => {
    try {
      const answer = await api<{ data: JsonObject[] }>('/platform/audit-log/checkpoint');
      modal.info({
        title: t('audit.checkpoint'), width: 640, okText: t('audit.keep'),
        content: (
          <>
            <p className="muted">{t('audit.text')}</p>
            <table className="plain"><tbody>
              {answer.data.map((point, i) => (
                <tr key={i}><td>{asString(point.cell)}</td><td className="right num nowrap">{t('audit.rows', { n: asString(point.size) })}</td><td className="mono audit-root">{asString(point.root)}</td></tr>
              ))}
            </tbody></table>
          </>
        ),
        onOk: () => saveFile(new Blob([JSON.stringify(answer satisfies Json, null, 2)], { type: 'application/json' }), `audit-checkpoint-${today()}.json`),
      });
    } catch (error) {
      message.error(error instanceof Error ? error.message : String(error));
    }
  };
  return <Button onClick={() => void take()}>{t('audit.checkpoint')}</Button>;
}

interface Proven { cell: string; size: number; intact: boolean; brokenAt: number | null }

/** Has every application read its whole log and say whether every row is sealed as it was written. */
function Verify() {
  const { t } = useText();
  const { modal, message } = App.useApp();
  const [busy, setBusy] = useState(false);
  const verify = async () => {
    setBusy(true);
    try {
      const { data } = await api<{ data: Proven[] }>('/platform/audit-log/proof');
      const intact = data.every((p) => p.intact);
      (intact ? modal.success : modal.error)({
        title: t(intact ? 'audit.intact' : 'audit.broken'), width: 560, okText: t('audit.close'),
        content: (
          <table className="plain" data-testid="proof"><tbody>
            {data.map((p) => (
              <tr key={p.cell}><td>{p.cell}</td><td className="right num nowrap">{t('audit.rows', { n: p.size })}</td>
                <td><span className={`tag tag-${p.intact ? 'done' : 'void'}`}>{p.intact ? t('audit.intact.one') : t('audit.broken.one', { n: p.brokenAt ?? 0 })}</span></td></tr>
            ))}
          </tbody></table>
        ),
      });
    } catch (error) {
      message.error(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return <Button loading={busy} data-testid="verify" onClick={() => void verify()}>{t('audit.verify')}</Button>;
}

/** What the list of the audit log offers. */
function Audit() {
  return <><Verify /><Checkpoint /></>;
}

/** What some lists offer beyond the usual, by cell and resource. */
export const EXTRAS: Partial<Record<string, ComponentType>> = {
  'platform/audit-log': Audit,
};
