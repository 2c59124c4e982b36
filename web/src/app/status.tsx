import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useMetas } from '../api/meta';
import { useText, type TextKey } from '../i18n';
import { Failure, Skeleton } from './notice';

/** How often the health of the cells is asked for while somebody looks, milliseconds. */
const EVERY_MS = 5_000;

interface Health { status: string; version: string; cells: { cell: string; state: string; latencyMs?: number | null; version?: string | null }[] }

async function health(signal: AbortSignal): Promise<Health> {
  // A cell that is down makes the answer 503, but it still says which one.
  const response = await fetch('/health', { signal });
  return (await response.json()) as Health;
}

/** Whether every application answers, how fast, and in which version. */
export function StatusPage() {
  const { t, l } = useText();
  const { metas } = useMetas();
  const answer = useQuery({ queryKey: ['health'], queryFn: ({ signal }) => health(signal), refetchInterval: EVERY_MS, staleTime: 0 });
  useEffect(() => { document.title = `${t('status.title')} · ${t('app.name')}`; }, [t]);
  return (
    <div className="list">
      <div className="list-head"><h1>{t('status.title')}</h1>{answer.data ? <span className="muted">{t('status.version', { version: answer.data.version })}</span> : null}</div>
      {answer.isPending ? <Skeleton rows={4} /> : answer.isError ? <Failure error={answer.error} retry={() => void answer.refetch()} /> : (
        <div className="report-box" aria-live="polite">
          <table className="report">
            <thead><tr><th>{t('status.cell')}</th><th>{t('status.state')}</th><th className="right">{t('status.latency')}</th><th>{t('status.of')}</th></tr></thead>
            <tbody>{answer.data.cells.map((c) => (
              <tr key={c.cell}>
                <td>{l(metas.find((m) => m.cell === c.cell)?.label, c.cell)}</td>
                <td><span className={`tag tag-${c.state === 'up' ? 'done' : 'void'}`}>{t((c.state === 'up' ? 'status.up' : 'status.down') as TextKey)}</span></td>
                <td className="right num">{typeof c.latencyMs === 'number' ? `${c.latencyMs} ms` : ''}</td>
                <td>{c.version}</td>
              </tr>
            ))}</tbody>
          </table>
        </div>
      )}
    </div>
  );
}
