package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/spiffe/spire-plugin-sdk/pluginsdk"
	metricsv1 "github.com/spiffe/spire-plugin-sdk/proto/spire/hostservice/common/metrics/v1"
	identityproviderv1 "github.com/spiffe/spire-plugin-sdk/proto/spire/hostservice/server/identityprovider/v1"
	notifierv1 "github.com/spiffe/spire-plugin-sdk/proto/spire/plugin/server/notifier/v1"
	"github.com/spiffe/spire-plugin-sdk/proto/spire/plugin/types"
	configv1 "github.com/spiffe/spire-plugin-sdk/proto/spire/service/common/config/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// notifier writes what it is told of bundles to a file, with the server's own identity as far as it gets one.
type notifier struct {
	notifierv1.UnimplementedNotifierServer
	configv1.UnimplementedConfigServer

	log      hclog.Logger
	identity identityproviderv1.IdentityProviderServiceClient
	metrics  metricsv1.MetricsServiceClient

	mu   sync.Mutex
	path string
}

func (n *notifier) SetLogger(log hclog.Logger) {
	n.log = log
}

func (n *notifier) BrokerHostServices(broker pluginsdk.ServiceBroker) error {
	if !broker.BrokerClient(&n.identity) || !broker.BrokerClient(&n.metrics) {
		return status.Error(codes.FailedPrecondition, "the server lacks services")
	}
	return nil
}

var pathSetting = regexp.MustCompile(`(?m)^\s*path\s*=\s*"([^"]+)"`)

func (n *notifier) Configure(_ context.Context, req *configv1.ConfigureRequest) (*configv1.ConfigureResponse, error) {
	match := pathSetting.FindStringSubmatch(req.HclConfiguration)
	if match == nil {
		return nil, status.Error(codes.InvalidArgument, "path is required")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.path = match[1]
	fmt.Println("printed on standard output after the handshake")
	return &configv1.ConfigureResponse{}, nil
}

func (n *notifier) NotifyAndAdvise(ctx context.Context, req *notifierv1.NotifyAndAdviseRequest) (*notifierv1.NotifyAndAdviseResponse, error) {
	return &notifierv1.NotifyAndAdviseResponse{}, n.note(ctx, "loaded", req.GetBundleLoaded().GetBundle())
}

func (n *notifier) Notify(ctx context.Context, req *notifierv1.NotifyRequest) (*notifierv1.NotifyResponse, error) {
	return &notifierv1.NotifyResponse{}, n.note(ctx, "updated", req.GetBundleUpdated().GetBundle())
}

type note struct {
	Event           string `json:"event"`
	TrustDomain     string `json:"trust_domain"`
	X509Authorities int    `json:"x509_authorities"`
	JWTAuthorities  int    `json:"jwt_authorities"`
	Identity        string `json:"identity"`
}

func (n *notifier) note(ctx context.Context, event string, bundle *types.Bundle) error {
	_, err := n.metrics.IncrCounter(ctx, &metricsv1.IncrCounterRequest{Key: []string{"test_notifier", "told"}, Val: 1})
	if err != nil {
		return err
	}
	identity := ""
	if resp, err := n.identity.FetchX509Identity(ctx, &identityproviderv1.FetchX509IdentityRequest{}); err != nil {
		identity = status.Code(err).String()
	} else {
		identity = fmt.Sprintf("%d certificates, key of %t", len(resp.Identity.CertChain), len(resp.Identity.PrivateKey) > 0)
	}
	line, err := json.Marshal(note{
		Event:           event,
		TrustDomain:     bundle.GetTrustDomain(),
		X509Authorities: len(bundle.GetX509Authorities()),
		JWTAuthorities:  len(bundle.GetJwtAuthorities()),
		Identity:        identity,
	})
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	file, err := os.OpenFile(n.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Write(append(line, '\n'))
	return err
}
