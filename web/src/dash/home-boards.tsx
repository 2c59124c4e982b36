import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { CellMeta } from '../api/types';
import { useText } from '../i18n';
import { remember, remembered } from '../lib/preferences';
import { Panels } from './panels';

const KEY = 'superpaas.home-board';

/** The dashboards this person may see, one at a time; the browser remembers which. */
export default function HomeBoards({ metas }: { metas: CellMeta[] }) {
  const { t, l } = useText();
  const boards = metas.flatMap((meta) => (meta.dashboards ?? []).map((board) => ({ meta, board, key: `${meta.cell}/${board.name}` })));
  const [chosen, choose] = useState(() => remembered(KEY, ''));
  const shown = boards.find((b) => b.key === chosen) ?? boards[0];
  if (shown === undefined) return null;
  const pick = (key: string) => { choose(key); remember(KEY, key); };
  return (
    <section className="home-boards">
      <div className="home-boards-head">
        <h2>{t('dash.title')}</h2>
        {boards.length > 1 ? (
          <div className="board-choice" role="group" aria-label={t('dash.title')}>
            {boards.map((b) => <button key={b.key} type="button" aria-pressed={b.key === shown.key} onClick={() => pick(b.key)}>{l(b.board.label, b.board.name)}</button>)}
          </div>
        ) : null}
        <span className="grow" />
        <Link to="/$cell/dashboards/$name" params={{ cell: shown.meta.cell, name: shown.board.name }}>{t('dash.open')}</Link>
      </div>
      <Panels key={shown.key} meta={shown.meta} board={shown.board} />
    </section>
  );
}
