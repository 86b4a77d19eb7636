// A workload that holds mTLS calls with a peer while everything it relies on rotates. `soak SECONDS LISTEN PEER PEER_ID`
// serves on one address and calls the other until the time is over or another line comes in, then prints what it counted
// as one line of JSON. It serves on until its input ends, since its peer may be still calling.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

const (
	audience  = "soak"
	callEvery = 500 * time.Millisecond
	lookEvery = 50 * time.Millisecond
	patience  = 5 * time.Second
)

type workload struct {
	pushed *pushed
	client *workloadapi.Client
	gaps   gaps
	errors *complaints

	peer   string
	peerID spiffeid.ID

	handshakes, failedHandshakes, accepted, failedAccepts atomic.Int64
	calls, failedCalls, tokens, failedTokens              atomic.Int64
	kids                                                  map[string]int64
	unfetchedAt                                           []int64
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "soak SECONDS LISTEN PEER PEER_ID")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(seconds, listen, peer, peerID string) error {
	n, err := strconv.Atoi(seconds)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	client, err := workloadapi.New(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	errors := &complaints{}
	w := &workload{
		pushed: newPushed(), client: client, errors: errors,
		peer: peer, peerID: spiffeid.RequireFromString(peerID), kids: map[string]int64{}, unfetchedAt: []int64{},
	}
	go func() { _ = client.WatchX509Context(ctx, w.pushed) }()
	go func() { _ = client.WatchJWTBundles(ctx, w.pushed) }()
	<-w.pushed.hasX509
	<-w.pushed.hasJWT
	listener, err := tls.Listen("tcp", listen, withoutResumption(
		tlsconfig.MTLSServerConfig(w.pushed, w.pushed, tlsconfig.AuthorizeID(w.peerID))))
	if err != nil {
		return err
	}
	defer listener.Close()
	go w.serve(listener)
	fmt.Println("ready")
	// The other one has to listen before it can be called.
	input := bufio.NewReader(os.Stdin)
	if _, err := input.ReadString('\n'); err != nil {
		return err
	}
	over := time.After(time.Duration(n) * time.Second)
	told, left := make(chan struct{}), make(chan struct{})
	go func() {
		_, _ = input.ReadString('\n')
		close(told)
		_, _ = io.Copy(io.Discard, input)
		close(left)
	}()
	go w.watchOwnSVID(ctx)
	lasting, err := w.dial()
	if err != nil {
		return err
	}
	defer lasting.Close()
	for ticks := time.Tick(callEvery); ; {
		select {
		case <-over:
			w.report()
			<-left
			return nil
		case <-told:
			w.report()
			<-left
			return nil
		case <-ticks:
			w.callAnew(ctx)
			w.callOn(lasting, "lasting connection")
		}
	}
}

// Every handshake shows and checks certificates.
func withoutResumption(config *tls.Config) *tls.Config {
	config.SessionTicketsDisabled = true
	return config
}

func (w *workload) dial() (*tls.Conn, error) {
	config := withoutResumption(tlsconfig.MTLSClientConfig(w.pushed, w.pushed, tlsconfig.AuthorizeID(w.peerID)))
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: patience}, Config: config}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := dialer.DialContext(ctx, "tcp", w.peer)
	if err != nil {
		return nil, err
	}
	return conn.(*tls.Conn), nil
}

// callAnew makes a handshake, checks the peer's chain once more, and has a token of this workload checked by the peer.
func (w *workload) callAnew(ctx context.Context) {
	w.handshakes.Add(1)
	conn, err := w.dial()
	if err == nil {
		defer conn.Close()
		err = w.pushed.verify(conn.ConnectionState().PeerCertificates, w.peerID.String())
	}
	if err != nil {
		w.failedHandshakes.Add(1)
		w.errors.add("handshake", err)
		return
	}
	w.callOn(conn, "new connection")
	fetching, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	svid, err := w.client.FetchJWTSVID(fetching, jwtsvid.Params{Audience: audience})
	if err != nil {
		// An agent that is being restarted gives none; when that was is told.
		w.unfetchedAt = append(w.unfetchedAt, time.Now().UnixMilli())
		return
	}
	w.noteToken(svid)
	w.tokens.Add(1)
	if answer, err := exchange(conn, "token "+svid.Marshal()); err != nil || answer != "ok" {
		w.failedTokens.Add(1)
		w.errors.add("token", fmt.Errorf("%s %v", answer, err))
	}
}

func (w *workload) callOn(conn *tls.Conn, which string) {
	w.calls.Add(1)
	if answer, err := exchange(conn, "hello"); err != nil || answer != "ok" {
		w.failedCalls.Add(1)
		w.errors.add(which, fmt.Errorf("%s %v", answer, err))
	}
}

func exchange(conn net.Conn, line string) (string, error) {
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintln(conn, line); err != nil {
		return "", err
	}
	// One answer a line, and none comes unasked.
	answer, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(answer), err
}

func (w *workload) serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go w.answer(conn.(*tls.Conn))
	}
}

func (w *workload) answer(conn *tls.Conn) {
	defer conn.Close()
	w.accepted.Add(1)
	if err := conn.Handshake(); err != nil {
		w.failedAccepts.Add(1)
		w.errors.add("accepted handshake", err)
		return
	}
	if err := w.pushed.verify(conn.ConnectionState().PeerCertificates, w.peerID.String()); err != nil {
		w.failedAccepts.Add(1)
		w.errors.add("accepted chain", err)
		return
	}
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, 1<<16)
	for lines.Scan() {
		answer := "ok"
		if token, isToken := strings.CutPrefix(lines.Text(), "token "); isToken {
			svid, err := jwtsvid.ParseAndValidate(token, w.pushed, []string{audience})
			if err != nil {
				answer = "refused: " + err.Error()
			} else if svid.ID != w.peerID {
				answer = "refused: it is of " + svid.ID.String()
			}
		}
		if _, err := fmt.Fprintln(conn, answer); err != nil {
			return
		}
	}
}

// watchOwnSVID looks whether the SVID that was pushed last is good with the bundle that was pushed last.
func (w *workload) watchOwnSVID(ctx context.Context) {
	w.gaps.record(true, time.Now())
	for ticks := time.Tick(lookEvery); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			svid, err := w.pushed.GetX509SVID()
			if err == nil {
				err = w.pushed.verify(svid.Certificates, svid.ID.String())
			}
			if err != nil {
				w.errors.add("own SVID", err)
			}
			w.gaps.record(err == nil, time.Now())
		}
	}
}

// noteToken remembers until when tokens of a key were said to live.
func (w *workload) noteToken(svid *jwtsvid.SVID) {
	header, _, _ := strings.Cut(svid.Marshal(), ".")
	if kid := keyID(header); kid != "" {
		w.kids[kid] = max(w.kids[kid], svid.Expiry.Unix())
	}
}

func (w *workload) report() {
	svids, issuers := w.pushed.counts()
	line, _ := json.Marshal(map[string]any{
		"handshakes": w.handshakes.Load(), "failedHandshakes": w.failedHandshakes.Load(),
		"accepted": w.accepted.Load(), "failedAccepts": w.failedAccepts.Load(),
		"calls": w.calls.Load(), "failedCalls": w.failedCalls.Load(),
		"tokens": w.tokens.Load(), "failedTokens": w.failedTokens.Load(), "unfetchedAt": w.unfetchedAt,
		"longestGapMs": w.gaps.longestGap().Milliseconds(),
		"svids":        svids, "issuers": issuers, "tokenKeys": w.kids, "errors": w.errors.list(),
	})
	fmt.Println(string(line))
}
