package main

import (
	"encoding/base64"
	"encoding/json"
)

// keyID is the `kid` of a token's header.
func keyID(header string) string {
	text, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		return ""
	}
	var fields struct {
		KeyID string `json:"kid"`
	}
	if json.Unmarshal(text, &fields) != nil {
		return ""
	}
	return fields.KeyID
}
