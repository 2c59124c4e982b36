import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { ListPage } from '../list/list-page';
import { HomePage } from './home';
import { NotFound } from './notice';
import { Broken, place } from './part';
import { parseSearch, writeSearch, type Search } from './search';
import { Shell } from './shell';

const validateSearch = (search: Record<string, unknown>): Search => search as Search;
const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
const home = createRoute({ getParentRoute: () => root, path: '/', component: HomePage });
const status = createRoute({ getParentRoute: () => root, path: '/status', component: place(() => import('./status'), 'StatusPage') });
const start = createRoute({ getParentRoute: () => root, path: '/start', component: place(() => import('../start/start-page'), 'StartPage') });
const list = createRoute({ getParentRoute: () => root, path: '/$cell/$resource', component: ListPage, validateSearch });
const record = createRoute({
  getParentRoute: () => root, path: '/$cell/$resource/$id', component: place(() => import('../record/record-page'), 'RecordPage'),
});
const report = createRoute({
  getParentRoute: () => root, path: '/$cell/reports/$name', validateSearch,
  component: place(() => import('../report/report-page'), 'ReportPage'),
});
const dashboard = createRoute({
  getParentRoute: () => root, path: '/$cell/dashboards/$name', component: place(() => import('../dash/dashboard-page'), 'DashboardPage'),
});
const screen = createRoute({
  getParentRoute: () => root, path: '/$cell/screens/$name', validateSearch, component: place(() => import('../screens/screen-page'), 'ScreenPage'),
});

/** Every place of the page. There is none per type of document: the descriptor fills these. */
export const router = createRouter({
  routeTree: root.addChildren([home, status, start, list, record, report, dashboard, screen]),
  parseSearch,
  stringifySearch: writeSearch,
  defaultPreload: 'intent',
  defaultErrorComponent: Broken,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register { router: typeof router }
}
