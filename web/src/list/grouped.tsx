import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { Button } from 'antd';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { api } from '../api/client';
import type { Field, Page, RecordData } from '../api/types';
import { Failure, Skeleton } from '../app/notice';
import type { Search } from '../app/search';
import { useText } from '../i18n';
import { maskOf } from '../lib/values';
import { Grid, type GridProps } from './grid';
import { groupKeyOf, groupLines, groupsOf, isSummed, openLeaves, type Group, type GroupAnswer } from './groups';

/** Records that are shown under their heads at once, and of one group. */
const SHOWN = 200;

interface Props extends Omit<GridProps, 'lines' | 'isOpen' | 'onFold' | 'onMore' | 'busy'> {
  cell: string;
  by: Field[];
  query: Record<string, string>;
  empty: ReactNode;
  /** What is shown now, for those who work with the records. */
  onPage: (page: Page) => void;
  change: (c: Search) => void;
}

/** The filters of a query, without page and sorting. */
const filtersIn = (query: Record<string, string>) => Object.fromEntries(Object.entries(query).filter(([key]) => !['page', 'pageSize', 'sort', 'after'].includes(key)));

/** A list under the heads of groups: counts and sums are the server's, records come when a group is opened. */
export function GroupedGrid({ cell, by, query, empty, onPage, change, ...grid }: Props) {
  const { t, lang } = useText();
  const { type, columns } = grid;
  const path = `/${cell}/${type.resource}`;
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const sums = columns.filter(isSummed).map((f) => f.name).join(',');
  const asked = { ...filtersIn(query), by: by.map((f) => f.name).join(','), ...(sums ? { sum: sums } : {}) };
  const heads = useQuery({
    queryKey: ['list', cell, type.resource, 'groups', asked, lang],
    queryFn: ({ signal }) => api<GroupAnswer>(`${path}/groups`, { query: asked, signal }),
    placeholderData: keepPreviousData,
  });
  const groups = useMemo(() => (heads.data ? groupsOf(heads.data, by, lang, t('list.group.blank')) : []), [heads.data, by, lang]); // eslint-disable-line react-hooks/exhaustive-deps -- the words follow the language
  const total = groups.reduce((sum, g) => sum + g.count, 0);
  const few = total <= SHOWN;
  const isOpen = (key: string) => few !== toggled.has(key);
  const rows = (filter: Search) => ({
    queryKey: ['list', cell, type.resource, 'grouped', query, filter, lang],
    queryFn: ({ signal }: { signal: AbortSignal }) => api<Page>(path, { query: { ...query, ...filter, ...maskOf(grid.type), page: '1', pageSize: String(SHOWN) }, signal }),
  });
  const whole = useQuery({ ...rows({}), enabled: heads.isSuccess && few && total > 0, placeholderData: keepPreviousData });
  const leaves = few ? [] : openLeaves(groups, isOpen);
  const opened = useQueries({ queries: leaves.map((group) => rows(group.filter)), combine: (answers) => answers.map((a) => a.data?.data) });
  const rowsOf = (group: Group): RecordData[] | undefined => (few ? whole.data?.data.filter((r) => groupKeyOf(r, by) === group.key) : opened[leaves.indexOf(group)]);
  const lines = groupLines(groups, isOpen, rowsOf);
  const records = lines.flatMap((line) => (line.kind === 'row' ? [line.record] : []));
  const marks = records.map((r) => `${r.id} ${r.version}`).join();
  useEffect(() => {
    onPage({ data: records, page: 1, pageSize: Math.max(1, records.length), total, totalExact: true, next: null });
  }, [marks, total]); // eslint-disable-line react-hooks/exhaustive-deps -- the records, not their array
  if (heads.isPending) return <Skeleton rows={12} />;
  if (heads.isError) {
    return (
      <Failure error={heads.error} retry={() => void heads.refetch()}>
        <Button onClick={() => change({ group: '' })}>{t('list.group.none')}</Button>
      </Failure>
    );
  }
  if (groups.length === 0) return <>{empty}</>;
  return (
    <Grid {...grid} lines={lines} isOpen={isOpen} busy={heads.isPlaceholderData || whole.isPlaceholderData}
      onFold={(key) => setToggled((old) => { const next = new Set(old); if (!next.delete(key)) next.add(key); return next; })}
      onMore={(group) => change({ ...group.filter, group: '' })} />
  );
}
