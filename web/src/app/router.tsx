import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { ListPage } from '../list/list-page';
import { HomePage } from './home';
import { NotFound } from './notice';
import { Shell } from './shell';

/** The search part of a place: flat texts, the same names as the server's query. */
export type Search = Record<string, string>;

/** Reads a search part. */
export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

/** Writes a search part; blanks are left out. */
export function writeSearch(search: Record<string, unknown>): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (typeof value === 'string' && value !== '') out.set(name, value);
  }
  const text = out.toString().replace(/%5B/g, '[').replace(/%5D/g, ']');
  return text ? `?${text}` : '';
}

const validateSearch = (search: Record<string, unknown>): Search => search as Search;
const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
const home = createRoute({ getParentRoute: () => root, path: '/', component: HomePage });
const list = createRoute({ getParentRoute: () => root, path: '/$cell/$resource', component: ListPage, validateSearch });
const record = createRoute({
  getParentRoute: () => root, path: '/$cell/$resource/$id', component: lazyRouteComponent(() => import('../record/record-page'), 'RecordPage'),
});
const report = createRoute({
  getParentRoute: () => root, path: '/$cell/reports/$name', validateSearch,
  component: lazyRouteComponent(() => import('../report/report-page'), 'ReportPage'),
});

/** Every place of the page. There is none per type of document: the descriptor fills these. */
export const router = createRouter({
  routeTree: root.addChildren([home, list, record, report]),
  parseSearch,
  stringifySearch: writeSearch,
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register { router: typeof router }
}
