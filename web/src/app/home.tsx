import { Link } from '@tanstack/react-router';
import { useMe, useMetas } from '../api/meta';
import { nameIn, useText } from '../i18n';
import { Skeleton } from './notice';
import { recent } from './recent';
import { EntryLink, menuOf } from './shell';

/** Where a person starts: create, go on with what was open, go anywhere. */
export function HomePage() {
  const me = useMe();
  const { t, l, lang } = useText();
  const { metas, pending } = useMetas();
  const groups = menuOf(metas, l);
  const creatable = groups.flatMap((g) => g.entries).filter((e) => e.creatable).slice(0, 8);
  const opened = recent(me.tenant.code, me.person.id);
  if (pending && metas.length === 0) return <Skeleton rows={10} />;
  return (
    <div className="home">
      <h1>{t('home.hello', { name: me.person.name || me.person.username })}</h1>
      <div className="muted">{[me.tenant, ...(me.department ? [me.department] : []), ...me.roles].map((n) => nameIn(lang, n)).join(' · ')}</div>
      {creatable.length > 0 ? (
        <section>
          <h2>{t('home.create')}</h2>
          <div className="tiles">
            {creatable.map((e) => (
              <Link key={e.key} className="tile" to="/$cell/$resource/$id" params={{ cell: e.cell, resource: e.resource ?? '', id: 'new' }}>
                <span className="plus">+</span>{e.label}
              </Link>
            ))}
          </div>
        </section>
      ) : null}
      <section>
        <h2>{t('home.recent')}</h2>
        {opened.length === 0 ? <div className="muted">{t('home.norecent')}</div> : (
          <ul className="recent">
            {opened.map((r) => (
              <li key={r.id}><Link to="/$cell/$resource/$id" params={{ cell: r.cell, resource: r.resource, id: r.id }}>{r.title}</Link>
                <span className="muted"> {l(metas.find((m) => m.cell === r.cell)?.types.find((x) => x.resource === r.resource)?.label)}</span></li>
            ))}
          </ul>
        )}
      </section>
      <section>
        <h2>{t('home.go')}</h2>
        <div className="home-groups">
          {groups.map((g) => (
            <div key={g.key}><div className="menu-head">{g.label}</div>{g.entries.map((e) => <EntryLink key={e.key} entry={e} />)}</div>
          ))}
        </div>
      </section>
    </div>
  );
}
