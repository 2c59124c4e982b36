import type { ChartMeta } from '../api/types';
import { groupDecimal } from '../lib/decimal';
import { sizeOf, type Points } from './points';

/** Colours and letters, out of the page's variables. */
export interface Look { text: string; muted: string; line: string; surface: string; bad: string; series: string[]; font: string }

/** The page's look as it is now. */
export function lookOf(element: Element): Look {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: of('text'), muted: of('muted'), line: of('line'), surface: of('surface'), bad: of('bad'),
    series: ['chart-1', 'chart-2', 'chart-3', 'chart-4'].map(of), font: style.fontFamily,
  };
}

/** Points that lie, so that their names have room. */
export function isLying(kind: ChartMeta['kind']): boolean {
  return kind === 'bars';
}

/** Height of a drawing in pixels, also while it is loading. */
export function drawnHeight(points: Points, kind: ChartMeta['kind']): number {
  const legend = points.series.length > 1 ? 30 : 0;
  return isLying(kind) ? 36 + legend + points.labels.length * (points.series.length > 1 ? 34 : 26) : 230 + legend;
}

/** The figures of one point, exactly as the server wrote them. */
export function tipOf(points: Points, at: number): string {
  const lines = points.series.map((s) => `${s.label === '' ? '' : `${s.label}  `}${groupDecimal(s.values[at] ?? '')}`);
  return [points.labels[at] ?? '', ...lines].join('\n');
}

/** A short name for the axis; the tip has the whole one. */
function cut(name: string, most: number): string {
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}

interface Picked { dataIndex: number }

/** What ECharts is told: no motion, no HTML of its own, patterns beside colours. */
export function optionOf(points: Points, kind: ChartMeta['kind'], look: Look, { lang, leads, narrow }: { lang: string; leads: boolean; narrow: boolean }) {
  const lying = isLying(kind);
  const several = points.series.length > 1;
  const compact = new Intl.NumberFormat(lang, { notation: 'compact', maximumFractionDigits: 2 });
  const names = {
    type: 'category', data: points.labels, inverse: lying, axisTick: { show: false }, axisLine: { lineStyle: { color: look.line } },
    axisLabel: { color: look.muted, formatter: (name: string) => cut(name, lying ? (narrow ? 9 : 18) : 12), ...(lying ? {} : { hideOverlap: true }) },
  };
  const sizes = {
    type: 'value', splitNumber: narrow ? 3 : 5, splitLine: { lineStyle: { color: look.line } },
    axisLabel: { color: look.muted, hideOverlap: true, formatter: (value: number) => compact.format(value) },
  };
  return {
    animation: false, color: look.series, textStyle: { fontFamily: look.font, color: look.text },
    aria: { enabled: true, label: { enabled: false }, decal: { show: several && kind !== 'lines' } },
    grid: { left: 4, right: 16, top: several ? 34 : 12, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    ...(several ? { legend: { top: 0, left: 0, itemWidth: 16, itemHeight: 10, selectedMode: false, textStyle: { color: look.text } } } : {}),
    tooltip: {
      trigger: 'axis', renderMode: 'richText', confine: true, backgroundColor: look.surface, borderColor: look.line, textStyle: { color: look.text, fontSize: 12 },
      axisPointer: { type: kind === 'lines' ? 'line' : 'shadow' },
      formatter: (at: Picked | Picked[]) => tipOf(points, (Array.isArray(at) ? at[0] : at)?.dataIndex ?? 0),
    },
    xAxis: lying ? sizes : names,
    yAxis: lying ? names : sizes,
    series: points.series.map((s, i) => ({
      type: kind === 'lines' ? 'line' : 'bar', name: s.label, cursor: leads ? 'pointer' : 'default',
      ...(kind === 'lines' ? { symbol: i === 0 ? 'circle' : 'rect', symbolSize: i === 0 ? 6 : 7, lineStyle: { width: 2, type: i === 0 ? 'solid' : 'dashed' } } : { barMaxWidth: 28 }),
      data: s.values.map((value) => {
        const size = sizeOf(value);
        return !several && kind !== 'lines' && size < 0 ? { value: size, itemStyle: { color: look.bad } } : size;
      }),
    })),
  };
}
