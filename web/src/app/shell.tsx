import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { App, Dropdown, Modal, Select, type MenuProps } from 'antd';
import { Suspense, useEffect, useState } from 'react';
import { signOut, switchTenant } from '../api/client';
import { useMe, useMetas } from '../api/meta';
import { nameIn, useText } from '../i18n';
import { prefer, preferences } from '../lib/preferences';
import { useCell } from '../lib/store';
import { commandOf, runCommand, useCommand } from './commands';
import { useFavourites } from './favourites';
import mark from './mark.svg';
import { menuOf, type Entry } from './menu';
import { Palette } from './palette';
import { Nothing, part } from './part';
import { parseSearch } from './search';
import { PasswordForm } from './sign-in';
import { SignInAgain } from './sign-in-again';
import { Skeleton } from './notice';

const Bell = part(() => import('./notices').then((m) => m.Bell), Nothing);
const Help = part(() => import('./help').then((m) => m.Help));

/** A link to an entry of the menu. */
export function EntryLink({ entry, onClick }: { entry: Entry; onClick?: () => void }) {
  const common = { className: 'menu-item', activeProps: { 'data-active': 'true' }, ...(onClick ? { onClick } : {}) };
  if (entry.report !== undefined) {
    return <Link {...common} to="/$cell/reports/$name" params={{ cell: entry.cell, name: entry.report }}>{entry.label}</Link>;
  }
  if (entry.dashboard !== undefined) {
    return <Link {...common} to="/$cell/dashboards/$name" params={{ cell: entry.cell, name: entry.dashboard }}>{entry.label}</Link>;
  }
  if (entry.screen !== undefined) {
    return <Link {...common} to="/$cell/screens/$name" params={{ cell: entry.cell, name: entry.screen }}>{entry.label}</Link>;
  }
  return <Link {...common} to="/$cell/$resource" params={{ cell: entry.cell, resource: entry.resource ?? '' }}>{entry.label}</Link>;
}

function Favourites({ word, onPick }: { word: string; onPick: () => void }) {
  const { t } = useText();
  const { list } = useFavourites();
  const shown = list.filter((f) => !word || f.title.toLowerCase().includes(word));
  if (shown.length === 0) return null;
  return (
    <div className="menu-group" role="group" aria-label={t('favourites')}>
      <div className="menu-head">★ {t('favourites')}</div>
      {shown.map((f) => {
        const [path = '/', search = ''] = f.path.split('?');
        return <Link key={f.path} className="menu-item" to={path} search={parseSearch(search)} onClick={onPick}>{f.title}</Link>;
      })}
    </div>
  );
}

function SideMenu({ onPick }: { onPick: () => void }) {
  const { t, l } = useText();
  const { metas, pending } = useMetas();
  const seesStatus = useMe().permissions.some((code) => code === 'platform.settings.update' || code === 'platform.health.read');
  const [q, setQ] = useState('');
  const word = q.trim().toLowerCase();
  const groups = menuOf(metas, l)
    .map((g) => ({ ...g, entries: g.entries.filter((e) => !word || e.label.toLowerCase().includes(word) || e.key.includes(word)) }))
    .filter((g) => g.entries.length > 0);
  return (
    <>
      <input className="menu-find" type="search" value={q} placeholder={t('menu.find')} aria-label={t('menu.find')} onChange={(e) => setQ(e.target.value)} />
      <div className="menu-scroll">
        <Link to="/" className="menu-item" activeOptions={{ exact: true }} activeProps={{ 'data-active': 'true' }} onClick={onPick}>{t('menu.home')}</Link>
        <Favourites word={word} onPick={onPick} />
        {pending && metas.length === 0 ? <Skeleton rows={6} /> : null}
        {groups.map((group) => (
          <div key={group.key} className="menu-group" role="group" aria-label={group.label}>
            <div className="menu-head">{group.label}</div>
            {group.entries.map((entry) => <EntryLink key={entry.key} entry={entry} onClick={onPick} />)}
          </div>
        ))}
        {seesStatus && (!word || t('status.title').toLowerCase().includes(word)) ? (
          <Link to="/status" className="menu-item" activeProps={{ 'data-active': 'true' }} onClick={onPick}>{t('status.title')}</Link>
        ) : null}
        {!pending && groups.length === 0 ? <div className="muted menu-none">{t('menu.none')}</div> : null}
      </div>
    </>
  );
}

function PersonMenu() {
  const me = useMe();
  const { t, lang } = useText();
  const { theme, density } = useCell(preferences);
  const [changing, setChanging] = useState(false);
  const { message } = App.useApp();
  const items: MenuProps['items'] = [
    { key: 'who', disabled: true, label: [me.person.username, ...me.roles.map((r) => nameIn(lang, r))].join(' · ') },
    { type: 'divider' },
    {
      key: 'theme', label: t('user.theme'),
      children: (['light', 'dark', 'system'] as const).map((value) => ({ key: `theme.${value}`, label: `${theme === value ? '✓ ' : ''}${t(`theme.${value}`)}`, onClick: () => prefer({ theme: value }) })),
    },
    {
      key: 'density', label: t('density'),
      children: (['normal', 'compact'] as const).map((value) => ({ key: `density.${value}`, label: `${density === value ? '✓ ' : ''}${t(`density.${value}`)}`, onClick: () => prefer({ density: value }) })),
    },
    { key: 'password', label: t('password.change'), onClick: () => setChanging(true) },
    { type: 'divider' },
    { key: 'out', label: t('user.signout'), onClick: () => void signOut() },
  ];
  return (
    <>
      <Dropdown menu={{ items }} trigger={['click']}>
        <button type="button" className="top-button" data-testid="person">{me.person.name || me.person.username}</button>
      </Dropdown>
      <Modal open={changing} title={t('password.change')} footer={null} destroyOnHidden onCancel={() => setChanging(false)}>
        <PasswordForm onDone={() => { setChanging(false); message.success(t('password.done')); }} />
      </Modal>
    </>
  );
}

function TenantSwitch() {
  const me = useMe();
  const { t, lang } = useText();
  const { message } = App.useApp();
  if (me.memberships.length < 2) return <span className="tenant" title={me.tenant.code}>{nameIn(lang, me.tenant)}</span>;
  return (
    <Select className="tenant" variant="borderless" value={me.tenant.code} aria-label={t('tenant.switch')} popupMatchSelectWidth={false}
      options={me.memberships.map((m) => ({ value: m.tenant, label: nameIn(lang, m) || m.tenant }))}
      onChange={(code: string) => {
        switchTenant(code).then(() => location.assign('/'), (e: unknown) => message.error(e instanceof Error ? e.message : String(e)));
      }} />
  );
}

/** Says that this is the sample company, not one's own. */
function SampleMark() {
  const { t } = useText();
  return useMe().tenant.sampleOf ? <span className="sample-mark">{t('tenant.sample')}</span> : null;
}

/** Keys of the page; what is open over it keeps its own. */
function useShortcuts() {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const over = document.querySelector('.ant-modal-wrap:not([style*="display: none"])') !== null;
      const typing = event.target instanceof HTMLElement && event.target.matches('input:not([type=checkbox]), textarea, select, [contenteditable]');
      const name = commandOf(event, typing);
      if (name === null || (over && name !== 'palette')) return;
      if (runCommand(name) || name === 'save' || name === 'palette') event.preventDefault();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
}

/** Head, menu and the place in between. */
export function Shell() {
  const { t, lang } = useText();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const [over, setOver] = useState<'palette' | 'help' | null>(null);
  useShortcuts();
  useCommand('palette', () => setOver('palette'));
  useCommand('help', () => setOver('help'));
  useCommand('home', () => void navigate({ to: '/' }));
  return (
    <div className="shell" data-menu={open ? 'open' : 'closed'}>
      <a className="skip" href="#place">{t('menu.skip')}</a>
      <header className="top">
        <button type="button" className="top-button menu-button" aria-label={t('menu')} aria-expanded={open} onClick={() => setOpen(!open)}>☰</button>
        <Link to="/" className="brand"><img src={mark} alt="" width="22" height="22" /><b>{t('app.name')}</b></Link>
        <TenantSwitch />
        <SampleMark />
        <span className="grow" />
        <button type="button" className="top-find" onClick={() => setOver('palette')}>
          <svg viewBox="0 0 16 16" width="13" height="13" aria-hidden="true"><path d="M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5L14 14" fill="none" stroke="currentColor" strokeWidth="1.4" /></svg>
          <span>{t('cmd.palette')}</span><kbd aria-hidden="true">Ctrl K</kbd>
        </button>
        <Suspense fallback={<span className="top-button bell" />}><Bell /></Suspense>
        <button type="button" className="top-button help-button" aria-label={t('cmd.help')} title={`${t('cmd.help')}  ?`} onClick={() => setOver('help')}>?</button>
        <button type="button" className="top-button" aria-label={`${t('lang')} ${lang === 'zh' ? 'EN' : '中'}`} onClick={() => prefer({ lang: lang === 'zh' ? 'en' : 'zh' })}>{lang === 'zh' ? 'EN' : '中'}</button>
        <PersonMenu />
      </header>
      <nav className="side" aria-label={t('menu')}><SideMenu onPick={() => setOpen(false)} /></nav>
      <div className="shade" onClick={() => setOpen(false)} />
      <main className="place" id="place" tabIndex={-1}><Outlet /></main>
      {over === 'palette' ? <Palette open close={() => setOver(null)} /> : null}
      {over === 'help' ? <Suspense fallback={null}><Help open close={() => setOver(null)} /></Suspense> : null}
      <SignInAgain />
    </div>
  );
}
