// npm's oidc-provider on a loopback port: code flow with PKCE, rotating single-use refresh tokens, short access tokens, its own login and consent pages.
// usage: node server.mjs REDIRECT_URI     prints one line of JSON when it listens; ends when its standard input does.
import { createServer } from 'node:http';
import { webcrypto } from 'node:crypto';

globalThis.crypto ??= webcrypto; // Debian 12's Node.js 18 has it, but not in this place

// The clock can be moved on: what the provider calls expired is then expired by its own rules, and no test has to wait for it.
let ahead = 0;
const now = Date.now;
Date.now = () => now() + ahead;

const { Provider } = await import('oidc-provider');

const client = { client_id: 'vault', client_secret: 'vault-secret', client_name: 'Vault', redirect_uris: [process.argv[2]], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] };
const fresh = () => ({ token_requests: 0, grants: {}, errors: [], grants_revoked: 0, issued: [] });
let seen = fresh();
let accessSeconds = 600;

const listener = createServer();
await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${listener.address().port}`;

const provider = new Provider(issuer, {
  clients: [client],
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: `${sub} of Elsewhere`, email: `${sub}@elsewhere.example`, email_verified: true }) }),
  features: { devInteractions: { enabled: true }, introspection: { enabled: true }, revocation: { enabled: true } },
  pkce: { required: () => true },
  rotateRefreshToken: () => true,
  clockTolerance: 0, // with its 15 seconds userinfo takes tokens that introspection calls inactive
  ttl: { AccessToken: () => accessSeconds, RefreshToken: 86400, Grant: 86400, IdToken: 600, Interaction: 600, Session: 86400 },
  cookies: { keys: ['only for tests'] },
});

provider.on('grant.success', ({ oidc, body }) => {
  const type = oidc.params.grant_type;
  seen.grants[type] = (seen.grants[type] ?? 0) + 1;
  seen.issued.push({ access_token: body.access_token, refresh_token: body.refresh_token });
});
provider.on('grant.error', (ctx, error) => seen.errors.push(`${ctx.oidc?.params?.grant_type}: ${error.message} (${error.error_detail ?? ''})`));
provider.on('grant.revoked', () => { seen.grants_revoked += 1; });
provider.on('server_error', (_, error) => console.error(error));

const answer = provider.callback();
const control = {
  'GET /_test/seen': () => seen,
  'POST /_test/reset': () => (seen = fresh()),
  'POST /_test/clock': (query) => ({ ahead: (ahead += 1000 * Number(query.get('seconds'))) }),
  'POST /_test/access': (query) => ({ seconds: (accessSeconds = Number(query.get('seconds'))) }),
};
listener.on('request', (request, response) => {
  const url = new URL(request.url, issuer);
  const act = control[`${request.method} ${url.pathname}`];
  if (act) return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(act(url.searchParams)));
  if (url.pathname === '/token') seen.token_requests += 1;
  answer(request, response);
});

process.stdin.on('end', () => process.exit(0)).resume(); // whoever started it is gone
console.log(JSON.stringify({ issuer, client_id: client.client_id, client_secret: client.client_secret }));
