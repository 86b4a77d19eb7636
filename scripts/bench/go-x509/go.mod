module spirekit/bench/x509

go 1.22
