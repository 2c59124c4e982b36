import { useQuery, useQueryClient } from '@tanstack/react-query';
import { App, Button } from 'antd';
import { useState } from 'react';
import { api } from '../api/client';
import { useMe } from '../api/meta';
import type { Json } from '../api/types';
import { useText, type TextKey } from '../i18n';
import { showInstant } from '../lib/dates';

import { Failure, Skeleton } from './notice';

/** An event that a cell could not take. */
interface Letter {
  id: string; cell: string; tenantId: string; eventType: string; subject: string; state: 'waiting' | 'retrying' | 'dead';
  attempts: number; error: string; at: string; event: { data?: Json } | null;
}

/** Events put aside, oldest trouble first: why, what they say, and the way on. `count` is how many there are by the last look. */
export function Letters({ nameOf, count }: { nameOf: (cell: string) => string; count: number }) {
  const { t } = useText();
  const { permissions } = useMe();
  const { modal, message } = App.useApp();
  const queries = useQueryClient();
  const [busy, setBusy] = useState<string | null>(null);
  const answer = useQuery({
    queryKey: ['letters', count],
    queryFn: ({ signal }) => api<{ data: Letter[]; unavailable: string[] }>('/platform/dead-letters', { signal }),
    staleTime: 0,
  });
  const settle = async (letter: Letter, action: 'replay' | 'discard') => {
    setBusy(letter.id);
    try {
      const left = await api<{ state: string; error?: string }>(`/platform/dead-letters/${letter.id}/${action}`, { method: 'POST', body: {} });
      if (left.error) message.warning(left.error);
      else message.success(t(`letters.${action}d` as TextKey));
    } catch (error) {
      message.error(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(null);
      await Promise.all([queries.invalidateQueries({ queryKey: ['letters'] }), queries.invalidateQueries({ queryKey: ['health'] })]);
    }
  };
  const discard = (letter: Letter) => {
    modal.confirm({ title: t('letters.discard'), content: t('letters.discardText', { event: letter.eventType }), okText: t('letters.discard'), okButtonProps: { danger: true }, onOk: () => settle(letter, 'discard') });
  };
  return (
    <section className="letters">
      <h2>{t('letters.title')}</h2>
      {answer.isPending ? <Skeleton rows={2} /> : answer.isError ? <Failure error={answer.error} retry={() => void answer.refetch()} /> : (
        <>
          {answer.data.unavailable.length > 0 ? <p className="muted" role="status">{t('letters.silent', { cells: answer.data.unavailable.map(nameOf).join(', ') })}</p> : null}
          {answer.data.data.length === 0 ? <p className="muted">{t('letters.none')}</p> : (
            <div className="report-box">
              <table className="report">
                <thead><tr><th>{t('status.cell')}</th><th>{t('letters.event')}</th><th>{t('letters.why')}</th><th className="right">{t('letters.attempts')}</th><th>{t('letters.at')}</th><th aria-label={t('record.more')} /></tr></thead>
                <tbody>{answer.data.data.map((letter) => (
                  <tr key={letter.id} data-letter={letter.id}>
                    <td>{nameOf(letter.cell)}</td>
                    <td><details><summary>{letter.eventType} <span className="tag">{t(`letters.${letter.state}` as TextKey)}</span></summary>
                      <pre className="mono">{JSON.stringify({ tenant: letter.tenantId, subject: letter.subject, data: letter.event?.data ?? null }, null, 2)}</pre></details></td>
                    <td>{letter.error}</td>
                    <td className="right num">{letter.attempts}</td>
                    <td className="nowrap">{showInstant(letter.at)}</td>
                    <td className="nowrap">
                      {permissions.includes('platform.dead-letter.replay') ? <Button size="small" loading={busy === letter.id} onClick={() => void settle(letter, 'replay')}>{t('letters.replay')}</Button> : null}{' '}
                      {permissions.includes('platform.dead-letter.discard') ? <Button size="small" danger disabled={busy === letter.id} onClick={() => discard(letter)}>{t('letters.discard')}</Button> : null}
                    </td>
                  </tr>
                ))}</tbody>
              </table>
            </div>
          )}
        </>
      )}
    </section>
  );
}
