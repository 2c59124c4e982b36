import { App, Button } from 'antd';
import type { ComponentType } from 'react';
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

/** What some lists offer beyond the usual, by cell and resource. */
export const EXTRAS: Partial<Record<string, ComponentType>> = {
  'platform/audit-log': Checkpoint,
};
