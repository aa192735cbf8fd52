// A real OpenID Connect issuer (oidc-provider) for tests: PORT, CLIENT (JSON of its one client) and optionally SKEW, the
// seconds by which its clock is ahead. Each start has new keys. Who types "amina" as login is Amina; any password holds.
import { generateKeyPairSync } from "node:crypto";

const skew = Number(process.env.SKEW ?? 0) * 1000;
const now = Date.now.bind(Date);
Date.now = () => now() + skew;
const { Provider } = await import("oidc-provider");

const PEOPLE = {
  amina: { name: "Dr. Amina Juma", groups: ["staff", "fetal-sonographers"] },
  baraka: { name: "Baraka Otieno", groups: ["staff"] },
  chiku: { name: "Chiku Mwangi", groups: ["fetal-readers", "fetal-managers", "other-clinic"] },
};
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const port = Number(process.env.PORT);
const provider = new Provider(`http://localhost:${port}`, {
  clients: [JSON.parse(process.env.CLIENT)],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: String(now()) }] },
  claims: { openid: ["sub"], profile: ["name", "groups"] },
  conformIdTokenClaims: process.env.GROUPS_IN !== "id_token",
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
  pkce: { required: () => true },
  features: { backchannelLogout: { enabled: true } },
  // The library asks no address of this machine or its networks; the hub of a test is there.
  fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid profile");
    await grant.save();
    return grant;
  },
});
provider.listen(port, "localhost", () => console.log("ready"));
