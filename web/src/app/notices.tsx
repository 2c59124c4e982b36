import { useQueries, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Alert, App, Button, Drawer } from 'antd';
import { useState } from 'react';
import { api, ApiError } from '../api/client';
import { cellsOf, useMe, useMetas } from '../api/meta';
import type { CellMeta } from '../api/types';
import { useText } from '../i18n';
import { showInstant } from '../lib/dates';
import { Skeleton } from './notice';

/** How often the cells are asked for news, milliseconds. */
const EVERY_MS = 60_000;

/** What somebody else did with a document of the person on the page. */
export interface Notice {
  id: string; at: string; actor: { id: string; name: string }; action: string; label: string | null;
  type: string; resource: string; subject: { id: string; number: string | null }; seen: boolean;
}

interface Answer { data: Notice[]; unseen: number; next: string | null }

/** A notice and the cell that tells it. */
export interface News extends Notice { cell: string }

/** The notices of all cells, newest first. */
export function newsOf(answers: { cell: string; data: Notice[] }[]): News[] {
  const all = answers.flatMap(({ cell, data }) => data.map((notice) => ({ ...notice, cell })));
  return all.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : a.id < b.id ? 1 : -1));
}

function useNews() {
  // The platform has no documents; who may do nothing in a cell is told nothing there.
  const cells = cellsOf(useMe()).filter((cell) => cell !== 'platform');
  return useQueries({
    queries: cells.map((cell) => ({
      queryKey: ['notices', cell], queryFn: ({ signal }: { signal: AbortSignal }) => api<Answer>(`/${cell}/notices`, { signal }),
      refetchInterval: EVERY_MS, staleTime: EVERY_MS / 2, retry: false,
    })),
    combine: (results) => {
      const answers = results.flatMap((r, i) => (r.data ? [{ cell: cells[i] ?? '', ...r.data }] : []));
      return {
        news: newsOf(answers),
        unseen: answers.reduce((sum, a) => sum + a.unseen, 0),
        waiting: answers.filter((a) => a.unseen > 0),
        away: cells.filter((_, i) => results[i]?.isError === true && !(results[i].error instanceof ApiError && results[i].error.status === 403)),
        pending: results.some((r) => r.isPending),
      };
    },
  });
}

function Item({ notice, metas, onOpen }: { notice: News; metas: CellMeta[]; onOpen: () => void }) {
  const { t, l } = useText();
  const type = metas.find((m) => m.cell === notice.cell)?.types.find((x) => x.name === notice.type);
  const title = `${l(type?.label, notice.type)} ${notice.subject.number ?? ''}`.trim();
  const text = t('notices.by', { who: notice.actor.name, what: notice.label ?? notice.action });
  const gone = notice.action === 'delete';
  return (
    <li className={notice.seen ? 'news' : 'news news-new'}>
      {gone ? <b>{title}</b> : <button type="button" className="link-button" onClick={onOpen}><b>{title}</b></button>}
      {notice.seen ? null : <span className="news-dot" role="img" aria-label={t('notices.new')} />}
      <div>{text} <time className="muted small">{showInstant(notice.at)}</time></div>
    </li>
  );
}

/** The bell of the head: how much is new, and what it is. */
export function Bell() {
  const { t, l } = useText();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { metas } = useMetas();
  const { news, unseen, waiting, away, pending } = useNews();
  const [open, setOpen] = useState(false);
  const see = async (cell: string, body: { ids: string[] } | { upTo: string }) => {
    try {
      await api(`/${cell}/notices/seen`, { method: 'POST', body });
    } catch (error) {
      message.error(error instanceof Error ? error.message : String(error));
    }
    await client.invalidateQueries({ queryKey: ['notices', cell] });
  };
  const visit = (notice: News) => {
    setOpen(false);
    if (!notice.seen) void see(notice.cell, { ids: [notice.id] });
    void navigate({ to: '/$cell/$resource/$id', params: { cell: notice.cell, resource: notice.resource, id: notice.subject.id } });
  };
  const all = () => {
    for (const { cell, data } of waiting) {
      const newest = data[0];
      if (newest) void see(cell, { upTo: newest.id });
    }
  };
  const label = unseen > 0 ? t('notices.unseen', { n: unseen }) : t('notices.title');
  return (
    <>
      <button type="button" className="top-button bell" aria-label={label} title={label} data-testid="bell" onClick={() => { setOpen(true); void client.invalidateQueries({ queryKey: ['notices'] }); }}>
        <svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true"><path d="M8 2a4 4 0 0 0-4 4v3l-1.2 2.2h10.4L12 9V6a4 4 0 0 0-4-4zM6.5 13a1.5 1.5 0 0 0 3 0" fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinejoin="round" /></svg>
        {unseen > 0 ? <span className="bell-count" aria-hidden="true">{unseen > 99 ? '99+' : unseen}</span> : null}
      </button>
      <Drawer open={open} onClose={() => setOpen(false)} title={t('notices.title')} size={420}
        extra={unseen > 0 ? <Button size="small" onClick={all}>{t('notices.all')}</Button> : null}>
        {away.length > 0 ? <Alert className="created" type="warning" showIcon title={t('notices.away', { cells: away.map((cell) => l(metas.find((m) => m.cell === cell)?.label, cell)).join(', ') })} /> : null}
        {pending ? <Skeleton rows={4} /> : null}
        {!pending && news.length === 0 ? <div className="muted">{t('notices.none')}</div> : null}
        <ul className="news-list">{news.map((notice) => <Item key={notice.id} notice={notice} metas={metas} onOpen={() => visit(notice)} />)}</ul>
      </Drawer>
    </>
  );
}
