package main

import (
	"context"
	"fmt"
	"regexp"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/spiffe/spire-plugin-sdk/pluginsdk"
	agentstorev1 "github.com/spiffe/spire-plugin-sdk/proto/spire/hostservice/server/agentstore/v1"
	nodeattestorv1 "github.com/spiffe/spire-plugin-sdk/proto/spire/plugin/server/nodeattestor/v1"
	configv1 "github.com/spiffe/spire-plugin-sdk/proto/spire/service/common/config/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// nodeAttestor knows nodes by one word. It asks the server whether it has seen a node before, refuses it then, and panics
// when a node says "panic".
type nodeAttestor struct {
	nodeattestorv1.UnimplementedNodeAttestorServer
	configv1.UnimplementedConfigServer

	log    hclog.Logger
	agents agentstorev1.AgentStoreServiceClient

	mu          sync.RWMutex
	trustDomain string
	word        string
}

var _ pluginsdk.NeedsHostServices = (*nodeAttestor)(nil)

func (a *nodeAttestor) SetLogger(log hclog.Logger) {
	a.log = log
}

func (a *nodeAttestor) BrokerHostServices(broker pluginsdk.ServiceBroker) error {
	if !broker.BrokerClient(&a.agents) {
		return status.Error(codes.FailedPrecondition, "the server has no agent store")
	}
	return nil
}

var wordSetting = regexp.MustCompile(`(?m)^\s*word\s*=\s*"([^"]+)"`)

func (a *nodeAttestor) Configure(_ context.Context, req *configv1.ConfigureRequest) (*configv1.ConfigureResponse, error) {
	match := wordSetting.FindStringSubmatch(req.HclConfiguration)
	if match == nil {
		return nil, status.Error(codes.InvalidArgument, "word is required")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trustDomain, a.word = req.CoreConfiguration.TrustDomain, match[1]
	a.log.Info("Word set", "word_length", len(a.word))
	return &configv1.ConfigureResponse{}, nil
}

func (a *nodeAttestor) Attest(stream nodeattestorv1.NodeAttestor_AttestServer) error {
	req, err := stream.Recv()
	if err != nil {
		return err
	}
	if string(req.GetPayload()) == "panic" {
		panic("told to by a node")
	}
	a.mu.RLock()
	id := fmt.Sprintf("spiffe://%s/spire/agent/word/%s", a.trustDomain, a.word)
	isRight := string(req.GetPayload()) == a.word
	a.mu.RUnlock()
	if !isRight {
		return status.Error(codes.PermissionDenied, "not the word")
	}
	_, err = a.agents.GetAgentInfo(stream.Context(), &agentstorev1.GetAgentInfoRequest{AgentId: id})
	switch status.Code(err) {
	case codes.NotFound:
	case codes.OK:
		return status.Error(codes.PermissionDenied, "the word has been used")
	default:
		return status.Errorf(codes.Internal, "unable to ask the server: %v", err)
	}
	return stream.Send(&nodeattestorv1.AttestResponse{
		Response: &nodeattestorv1.AttestResponse_AgentAttributes{
			AgentAttributes: &nodeattestorv1.AgentAttributes{SpiffeId: id, SelectorValues: []string{"knows:word"}},
		},
	})
}
