// A TLS peer over go-spiffe, with the identity that SPIFFE_ENDPOINT_SOCKET gives it.
//
//	mtls serve ID       prints its address, and echoes to the one caller it lets in
//	mtls get URL ID     prints status and body of what that server answers
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	source, err := workloadapi.NewX509Source(ctx)
	if err != nil {
		return err
	}
	defer source.Close()
	id, err := spiffeid.FromString(args[len(args)-1])
	if err != nil {
		return err
	}
	authorizer := tlsconfig.AuthorizeID(id)
	if args[0] == "serve" {
		return serve(tlsconfig.MTLSServerConfig(source, source, authorizer))
	}
	transport := &http.Transport{TLSClientConfig: tlsconfig.MTLSClientConfig(source, source, authorizer)}
	answer, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Get(args[1])
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	fmt.Println(answer.StatusCode)
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}

func serve(config *tls.Config) error {
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			if err := conn.(*tls.Conn).Handshake(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return
			}
			_, _ = io.Copy(conn, conn)
		}()
	}
}
