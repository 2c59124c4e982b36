import { BarChart, LineChart } from 'echarts/charts';
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { init, use as register, type ECharts } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import type { ChartMeta } from '../api/types';
import { useDark } from '../app/theme';
import { useText } from '../i18n';
import { drawnHeight, lookOf, optionOf } from './option';
import type { Points } from './points';

register([BarChart, LineChart, GridComponent, TooltipComponent, LegendComponent, AriaComponent, CanvasRenderer]);

/** A phone's width. */
const NARROW = 400;

/** The drawing itself; it follows its width, the theme and the paper it is printed on. */
export default function Drawing({ points, kind, label, onPick }: { points: Points; kind: ChartMeta['kind']; label: string; onPick?: ((point: number, series: number) => void) | undefined }) {
  const { lang } = useText();
  const dark = useDark();
  const place = useRef<HTMLDivElement>(null);
  const pick = useRef(onPick);
  useEffect(() => { pick.current = onPick; });
  const leads = onPick !== undefined;
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const chart: ECharts = init(element, null, { renderer: 'canvas' });
    const draw = () => {
      const options = { lang: lang === 'zh' ? 'zh-CN' : 'en-US', leads, narrow: element.clientWidth < NARROW };
      chart.setOption(optionOf(points, kind, lookOf(element), options), true);
    };
    // At once, not with the next frame: paper does not wait for one.
    const redraw = () => { chart.resize(); draw(); chart.getZr().flush(); };
    draw();
    chart.on('click', (at) => pick.current?.(at.dataIndex, at.seriesIndex ?? 0));
    const watch = new ResizeObserver(redraw);
    watch.observe(element);
    // Paper is white: the page's variables are set for it while it prints.
    const print = () => { document.documentElement.dataset.paper = 'yes'; redraw(); };
    const printed = () => { delete document.documentElement.dataset.paper; redraw(); };
    window.addEventListener('beforeprint', print);
    window.addEventListener('afterprint', printed);
    return () => {
      window.removeEventListener('beforeprint', print);
      window.removeEventListener('afterprint', printed);
      watch.disconnect();
      chart.dispose();
    };
  }, [points, kind, lang, dark, leads]);
  return <div ref={place} className="drawing" role="img" aria-label={label} style={{ height: drawnHeight(points, kind) }} />;
}
