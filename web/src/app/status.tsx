import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from '../api/client';
import { useMe, useMetas } from '../api/meta';
import { useText, type TextKey } from '../i18n';
import { showInstant } from '../lib/dates';

import { Letters } from './letters';
import { Failure, Skeleton } from './notice';

/** How often the health of the cells is asked for while somebody looks, milliseconds. */
const EVERY_MS = 5_000;
/** Above this an application is late with what others told it, milliseconds. */
const LATE_MS = 10_000;

/** How far a cell is with the events of another. */
interface Lane { producer: string; reachable: boolean; pending: number; lagMs: number; contactAt: string | null }
interface CellHealth { cell: string; state: string; latencyMs?: number | null; version?: string | null; events?: Lane[] | null; deadLetters?: number | null }

async function health(whole: boolean, signal: AbortSignal): Promise<{ cells: CellHealth[] }> {
  if (whole) return api('/platform/health-summary', { signal });
  // A cell that is down makes the answer 503, but it still says which one.
  const response = await fetch('/health', { signal });
  return (await response.json()) as { cells: CellHealth[] };
}

/** A span as people say it: 340 ms, 12 s, 5 min. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}

function Events({ lanes, nameOf }: { lanes: Lane[]; nameOf: (cell: string) => string }) {
  const { t } = useText();
  return (
    <>
      {lanes.map((lane) => (
        <div key={lane.producer} title={lane.contactAt ? showInstant(lane.contactAt) : undefined}>
          <span className="muted">{nameOf(lane.producer)}</span>{' '}
          {!lane.reachable ? <span className="tag tag-void">{t('status.down')}</span>
            : lane.pending === 0 ? t('status.even')
              : <span className={lane.lagMs > LATE_MS ? 'tag tag-void' : ''}>{t('status.behind', { n: lane.pending, lag: span(lane.lagMs) })}</span>}
        </div>
      ))}
    </>
  );
}

/** Whether every application answers, how fast, in which version, how far it is with what others told it, and what it
 * could not take of that. */
export function StatusPage() {
  const { t, l } = useText();
  const { metas } = useMetas();
  const { permissions } = useMe();
  const whole = permissions.includes('platform.health.read');
  const answer = useQuery({ queryKey: ['health', whole], queryFn: ({ signal }) => health(whole, signal), refetchInterval: EVERY_MS, staleTime: 0 });
  useEffect(() => { document.title = `${t('status.title')} · ${t('app.name')}`; }, [t]);
  const nameOf = (cell: string) => l(metas.find((m) => m.cell === cell)?.label, cell);
  const letters = answer.data?.cells.reduce((sum, c) => sum + (c.deadLetters ?? 0), 0) ?? 0;
  return (
    <div className="list">
      <div className="list-head"><h1>{t('status.title')}</h1></div>
      {answer.isPending ? <Skeleton rows={4} /> : answer.isError ? <Failure error={answer.error} retry={() => void answer.refetch()} /> : (
        <div className="report-box status-box" aria-live="polite">
          <table className="report">
            <thead><tr>
              <th>{t('status.cell')}</th><th>{t('status.state')}</th><th className="right">{t('status.latency')}</th><th>{t('status.of')}</th>
              {whole ? <><th>{t('status.events')}</th><th className="right">{t('letters.title')}</th></> : null}
            </tr></thead>
            <tbody>{answer.data.cells.map((c) => (
              <tr key={c.cell} data-cell={c.cell}>
                <td>{nameOf(c.cell)}</td>
                <td><span className={`tag tag-${c.state === 'up' ? 'done' : 'void'}`}>{t((c.state === 'up' ? 'status.up' : 'status.down') as TextKey)}</span></td>
                <td className="right num">{typeof c.latencyMs === 'number' ? `${c.latencyMs} ms` : ''}</td>
                <td>{c.version}</td>
                {whole ? <><td><Events lanes={c.events ?? []} nameOf={nameOf} /></td><td className="right num">{c.deadLetters ?? ''}</td></> : null}
              </tr>
            ))}</tbody>
          </table>
        </div>
      )}
      {permissions.includes('platform.dead-letter.read') ? <Letters nameOf={nameOf} count={letters} /> : null}
    </div>
  );
}
