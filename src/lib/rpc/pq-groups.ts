/** Key exchanges of TLS that withstand quantum computers, by OpenSSL's names in SPIRE's order. All of them need TLS 1.3. */
export const PQ_GROUPS = 'X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024';
