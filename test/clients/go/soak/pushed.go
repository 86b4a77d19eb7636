package main

import (
	"crypto/x509"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

var errNothingPushed = errors.New("nothing was pushed yet")

// pushed is what the Workload API pushed last, and what was seen on the way. It is the only source of this workload's
// identity and trust: nothing is ever asked for.
type pushed struct {
	mu       sync.Mutex
	context  *workloadapi.X509Context
	jwt      *jwtbundle.Set
	svids    map[string]bool
	issuers  map[string]bool
	hasX509  chan struct{}
	hasJWT   chan struct{}
	onceX509 sync.Once
	onceJWT  sync.Once
}

func newPushed() *pushed {
	return &pushed{
		svids: map[string]bool{}, issuers: map[string]bool{},
		hasX509: make(chan struct{}), hasJWT: make(chan struct{}),
	}
}

func (p *pushed) OnX509ContextUpdate(c *workloadapi.X509Context) {
	p.mu.Lock()
	p.context = c
	leaf := c.DefaultSVID().Certificates[0]
	p.svids[leaf.SerialNumber.String()] = true
	p.issuers[hex.EncodeToString(leaf.AuthorityKeyId)] = true
	p.mu.Unlock()
	p.onceX509.Do(func() { close(p.hasX509) })
}

// Streams break when the agent restarts; that is no failure as long as what was pushed stays good.
func (p *pushed) OnX509ContextWatchError(error) {}

func (p *pushed) OnJWTBundlesUpdate(s *jwtbundle.Set) {
	p.mu.Lock()
	p.jwt = s
	p.mu.Unlock()
	p.onceJWT.Do(func() { close(p.hasJWT) })
}

func (p *pushed) OnJWTBundlesWatchError(error) {}

func (p *pushed) GetX509SVID() (*x509svid.SVID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.context == nil {
		return nil, errNothingPushed
	}
	return p.context.DefaultSVID(), nil
}

func (p *pushed) GetX509BundleForTrustDomain(td spiffeid.TrustDomain) (*x509bundle.Bundle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.context == nil {
		return nil, errNothingPushed
	}
	return p.context.Bundles.GetX509BundleForTrustDomain(td)
}

func (p *pushed) GetJWTBundleForTrustDomain(td spiffeid.TrustDomain) (*jwtbundle.Bundle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.jwt == nil {
		return nil, errNothingPushed
	}
	return p.jwt.GetJWTBundleForTrustDomain(td)
}

func (p *pushed) counts() (svids, issuers int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.svids), len(p.issuers)
}

// verify checks a chain with the bundle that was pushed last, at the time now, and that it ends before its issuers do.
func (p *pushed) verify(certificates []*x509.Certificate, wanted string) error {
	id, chains, err := x509svid.Verify(certificates, p, x509svid.WithTime(time.Now()))
	if err != nil {
		return err
	}
	if id.String() != wanted {
		return errors.New("the peer is " + id.String())
	}
	for _, chain := range chains {
		for _, issuer := range chain[1:] {
			if chain[0].NotAfter.After(issuer.NotAfter) {
				return errors.New("the SVID outlives its issuer")
			}
		}
	}
	return nil
}

// gaps measures for how long at a time this workload had no SVID that it could show.
type gaps struct {
	mu      sync.Mutex
	lastOK  time.Time
	longest time.Duration
}

func (g *gaps) record(ok bool, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !ok {
		g.longest = max(g.longest, now.Sub(g.lastOK))
		return
	}
	g.lastOK = now
}

func (g *gaps) longestGap() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.longest
}

// complaints keeps the first things that went wrong.
type complaints struct {
	mu    sync.Mutex
	first []string
}

func (c *complaints) add(what string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.first) < 10 {
		c.first = append(c.first, time.Now().UTC().Format(time.RFC3339Nano)+" "+what+": "+err.Error())
	}
}

func (c *complaints) list() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.first...)
}
