package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"sync"

	"github.com/hashicorp/go-hclog"
	keymanagerv1 "github.com/spiffe/spire-plugin-sdk/proto/spire/plugin/server/keymanager/v1"
	configv1 "github.com/spiffe/spire-plugin-sdk/proto/spire/service/common/config/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// keyManager keeps its keys in a file, so that they outlast a crash.
type keyManager struct {
	keymanagerv1.UnimplementedKeyManagerServer
	configv1.UnimplementedConfigServer

	log  hclog.Logger
	mu   sync.Mutex
	path string
	keys map[string]crypto.Signer
}

func newKeyManager() *keyManager {
	return &keyManager{log: hclog.NewNullLogger(), keys: map[string]crypto.Signer{}}
}

func (m *keyManager) SetLogger(log hclog.Logger) {
	m.log = log
}

var keysPath = regexp.MustCompile(`(?m)^\s*keys_path\s*=\s*"([^"]+)"`)

func (m *keyManager) Configure(_ context.Context, req *configv1.ConfigureRequest) (*configv1.ConfigureResponse, error) {
	match := keysPath.FindStringSubmatch(req.HclConfiguration)
	if match == nil {
		return nil, status.Error(codes.InvalidArgument, "keys_path is required")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.path = match[1]
	text, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return &configv1.ConfigureResponse{}, nil
	}
	if err != nil {
		return nil, status.Errorf(codes.Internal, "unable to read keys: %v", err)
	}
	var stored map[string][]byte
	if err := json.Unmarshal(text, &stored); err != nil {
		return nil, status.Errorf(codes.Internal, "unable to read keys: %v", err)
	}
	for id, der := range stored {
		key, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return nil, status.Errorf(codes.Internal, "unable to read key %q: %v", id, err)
		}
		m.keys[id] = key.(crypto.Signer)
	}
	return &configv1.ConfigureResponse{}, nil
}

func (m *keyManager) GenerateKey(_ context.Context, req *keymanagerv1.GenerateKeyRequest) (*keymanagerv1.GenerateKeyResponse, error) {
	if req.KeyId == "" {
		return nil, status.Error(codes.InvalidArgument, "key id is required")
	}
	key, err := generate(req.KeyType)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[req.KeyId] = key
	if err := m.store(); err != nil {
		return nil, status.Errorf(codes.Internal, "unable to keep the key: %v", err)
	}
	m.log.Info("Key made", "key_id", req.KeyId)
	public, err := describe(req.KeyId, key)
	if err != nil {
		return nil, err
	}
	return &keymanagerv1.GenerateKeyResponse{PublicKey: public}, nil
}

func generate(keyType keymanagerv1.KeyType) (crypto.Signer, error) {
	switch keyType {
	case keymanagerv1.KeyType_EC_P256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case keymanagerv1.KeyType_EC_P384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case keymanagerv1.KeyType_RSA_2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case keymanagerv1.KeyType_RSA_4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	default:
		return nil, status.Error(codes.InvalidArgument, "key type is required")
	}
}

func (m *keyManager) GetPublicKey(_ context.Context, req *keymanagerv1.GetPublicKeyRequest) (*keymanagerv1.GetPublicKeyResponse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key, ok := m.keys[req.KeyId]
	if !ok {
		return &keymanagerv1.GetPublicKeyResponse{}, nil
	}
	public, err := describe(req.KeyId, key)
	return &keymanagerv1.GetPublicKeyResponse{PublicKey: public}, err
}

func (m *keyManager) GetPublicKeys(context.Context, *keymanagerv1.GetPublicKeysRequest) (*keymanagerv1.GetPublicKeysResponse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	resp := &keymanagerv1.GetPublicKeysResponse{}
	for id, key := range m.keys {
		public, err := describe(id, key)
		if err != nil {
			return nil, err
		}
		resp.PublicKeys = append(resp.PublicKeys, public)
	}
	return resp, nil
}

func (m *keyManager) SignData(_ context.Context, req *keymanagerv1.SignDataRequest) (*keymanagerv1.SignDataResponse, error) {
	m.mu.Lock()
	key, ok := m.keys[req.KeyId]
	m.mu.Unlock()
	if !ok {
		return nil, status.Errorf(codes.NotFound, "no such key %q", req.KeyId)
	}
	var opts crypto.SignerOpts
	switch given := req.SignerOpts.(type) {
	case *keymanagerv1.SignDataRequest_HashAlgorithm:
		opts = crypto.Hash(given.HashAlgorithm)
	case *keymanagerv1.SignDataRequest_PssOptions:
		opts = &rsa.PSSOptions{SaltLength: int(given.PssOptions.SaltLength), Hash: crypto.Hash(given.PssOptions.HashAlgorithm)}
	default:
		return nil, status.Error(codes.InvalidArgument, "signer opts are required")
	}
	signature, err := key.Sign(rand.Reader, req.Data, opts)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "unable to sign: %v", err)
	}
	public, err := describe(req.KeyId, key)
	if err != nil {
		return nil, err
	}
	return &keymanagerv1.SignDataResponse{Signature: signature, KeyFingerprint: public.Fingerprint}, nil
}

// store is called with the lock held.
func (m *keyManager) store() error {
	stored := map[string][]byte{}
	for id, key := range m.keys {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return err
		}
		stored[id] = der
	}
	text, err := json.Marshal(stored)
	if err != nil {
		return err
	}
	if err := os.WriteFile(m.path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(m.path+".new", m.path)
}

func describe(id string, key crypto.Signer) (*keymanagerv1.PublicKey, error) {
	pkix, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, status.Errorf(codes.Internal, "unable to describe key %q: %v", id, err)
	}
	sum := sha256.Sum256(pkix)
	return &keymanagerv1.PublicKey{Id: id, Type: typeOf(key), PkixData: pkix, Fingerprint: hex.EncodeToString(sum[:])}, nil
}

func typeOf(key crypto.Signer) keymanagerv1.KeyType {
	switch public := key.Public().(type) {
	case *ecdsa.PublicKey:
		if public.Curve == elliptic.P384() {
			return keymanagerv1.KeyType_EC_P384
		}
		return keymanagerv1.KeyType_EC_P256
	case *rsa.PublicKey:
		if public.Size() == 512 {
			return keymanagerv1.KeyType_RSA_4096
		}
		return keymanagerv1.KeyType_RSA_2048
	default:
		return keymanagerv1.KeyType_UNSPECIFIED_KEY_TYPE
	}
}
