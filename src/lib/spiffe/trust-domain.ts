// A trust domain has an ID and an ID has a trust domain: both classes live in one file, so that no import goes in a circle.
export { TrustDomain } from './spiffe-id.ts';
