// Plugins for the tests of this package, written with SPIRE's own SDK: one program, of the type that its first argument
// names. They are as small as plugins can be, and not meant for use.
package main

import (
	"fmt"
	"os"

	"github.com/spiffe/spire-plugin-sdk/pluginmain"
	keymanagerv1 "github.com/spiffe/spire-plugin-sdk/proto/spire/plugin/server/keymanager/v1"
	nodeattestorv1 "github.com/spiffe/spire-plugin-sdk/proto/spire/plugin/server/nodeattestor/v1"
	notifierv1 "github.com/spiffe/spire-plugin-sdk/proto/spire/plugin/server/notifier/v1"
	configv1 "github.com/spiffe/spire-plugin-sdk/proto/spire/service/common/config/v1"
)

func main() {
	kind := ""
	if len(os.Args) > 1 {
		kind = os.Args[1]
	}
	switch kind {
	case "keymanager":
		plugin := newKeyManager()
		pluginmain.Serve(keymanagerv1.KeyManagerPluginServer(plugin), configv1.ConfigServiceServer(plugin))
	case "nodeattestor":
		plugin := new(nodeAttestor)
		pluginmain.Serve(nodeattestorv1.NodeAttestorPluginServer(plugin), configv1.ConfigServiceServer(plugin))
	case "notifier":
		plugin := new(notifier)
		pluginmain.Serve(notifierv1.NotifierPluginServer(plugin), configv1.ConfigServiceServer(plugin))
	default:
		fmt.Fprintln(os.Stderr, "which plugin? keymanager, nodeattestor or notifier")
		os.Exit(1)
	}
}
