import { useParams } from '@tanstack/react-router';
import { Suspense } from 'react';
import { useCellMeta } from '../api/meta';
import { Failure, NotFound, Skeleton } from '../app/notice';
import { useText } from '../i18n';
import { List } from '../list/list-page';
import { SCREENS } from './registry';

/** Any special screen of any cell. What this page cannot draw is worked on in the list of its type. */
export function ScreenPage() {
  const { cell, name } = useParams({ from: '/$cell/screens/$name' });
  const { t, l } = useText();
  const meta = useCellMeta(cell);
  if (meta.isPending) return <Skeleton />;
  if (meta.isError) return <Failure error={meta.error} retry={() => void meta.refetch()} />;
  const screen = (meta.data.screens ?? []).find((s) => s.name === name);
  const type = meta.data.types.find((x) => x.name === screen?.type);
  if (!screen || !type) return <NotFound />;
  const Own = SCREENS[name];
  if (Own) return <Suspense fallback={<Skeleton />}><Own key={`${cell}/${name}`} meta={meta.data} screen={screen} type={type} /></Suspense>;
  return (
    <>
      <div className="quiet-note" role="status">{t('screen.absent', { name: l(screen.label, name) })}</div>
      <List key={`${cell}/${name}`} cell={cell} type={type} />
    </>
  );
}
