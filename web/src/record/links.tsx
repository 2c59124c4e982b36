import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../api/client';
import { placeOf, useMetas } from '../api/meta';
import { Failure, Skeleton } from '../app/notice';
import { StateTag } from '../fields/value';
import { useText } from '../i18n';

/** A document that this one came from, or that came from it. */
export interface Related { direction: 'from' | 'to'; type: string; resource: string; label: string; id: string; number: string | null; date: string | null; state: string | null }

/** Where a document came from and what it led to, in the order of their making. */
export function Links({ cell, resource, id, title }: { cell: string; resource: string; id: string; title: string }) {
  const { t, lang } = useText();
  const { metas } = useMetas();
  const answer = useQuery({
    queryKey: ['links', cell, resource, id, lang],
    queryFn: () => api<{ data: Related[] }>(`/${cell}/${resource}/${id}/links`),
    staleTime: 0,
  });
  if (answer.isPending) return <Skeleton rows={4} />;
  if (answer.isError) return <Failure error={answer.error} />;
  const side = (direction: Related['direction']) => answer.data.data.filter((link) => link.direction === direction).map((link) => (
    <li key={link.id} className={`link-${direction}`}>
      <span className="muted small">{link.label}</span>
      <span className="link-line">
        <Link to="/$cell/$resource/$id" params={{ cell, resource: link.resource, id: link.id }}>{link.number ?? t('empty')}</Link>
        <StateTag states={placeOf(metas, link.type, cell)?.meta.states ?? []} value={link.state} />
        <span className="muted small">{link.date}</span>
      </span>
    </li>
  ));
  if (answer.data.data.length === 0) return <div className="muted">{t('links.none')}</div>;
  return (
    <ol className="links">
      {side('from')}
      <li className="link-self"><b>{title}</b></li>
      {side('to')}
    </ol>
  );
}
