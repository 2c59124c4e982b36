import { useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useCellMeta } from '../api/meta';
import type { CellMeta, Dashboard } from '../api/types';
import { Star } from '../app/favourites';
import { Failure, NotFound, Skeleton } from '../app/notice';
import { useText } from '../i18n';
import { Panels } from './panels';

/** Any dashboard of any cell. */
export function DashboardPage() {
  const { cell, name } = useParams({ from: '/$cell/dashboards/$name' });
  const meta = useCellMeta(cell);
  if (meta.isPending) return <Skeleton />;
  if (meta.isError) return <Failure error={meta.error} retry={() => void meta.refetch()} />;
  const board = (meta.data.dashboards ?? []).find((b) => b.name === name);
  return board ? <Board key={`${cell}/${name}`} meta={meta.data} board={board} /> : <NotFound />;
}

function Board({ meta, board }: { meta: CellMeta; board: Dashboard }) {
  const { t, l } = useText();
  const title = l(board.label, board.name);
  useEffect(() => { document.title = `${title} · ${t('app.name')}`; }, [title, t]);
  return (
    <div className="dash">
      <div className="list-head">
        <h1>{title}</h1>
        <Star path={`/${meta.cell}/dashboards/${board.name}`} title={title} />
        <span className="grow" />
        <button type="button" className="link-button no-print" onClick={() => window.print()}>{t('dash.print')}</button>
      </div>
      <Panels meta={meta} board={board} />
    </div>
  );
}
