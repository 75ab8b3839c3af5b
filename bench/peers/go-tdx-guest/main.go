// SPDX-License-Identifier: Apache-2.0

// Judges a TDX quote again and again with github.com/google/go-tdx-guest.
//
//	go-tdx-guest DIR UNIXTIME SECONDS
//
// DIR has the quote as `evidence`, the root to trust as `root.der` (without it, Intel's own) and
// Intel's collateral under the names below. The library asks for collateral at each verification
// and parses it; here it gets it from memory. Cold, the pool of roots is made each time; warm, it
// is kept. The library keeps nothing else.
package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-tdx-guest/verify"
)

func need(err error) {
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
}

func file(name string) []byte {
	bytes, err := os.ReadFile(filepath.Join(os.Args[1], name))
	need(err)
	return bytes
}

// Answers of Intel's service, by what their address has in it.
type answer struct {
	part, header string
	chain        string
	body         []byte
}

type answers []answer

func (all answers) Get(address string) (map[string][]string, []byte, error) {
	for _, a := range all {
		if strings.Contains(address, a.part) {
			return map[string][]string{a.header: {a.chain}}, a.body, nil
		}
	}
	return nil, nil, errors.New("no answer for " + address)
}

func load() answers {
	signer := url.QueryEscape(string(file("tcb_signer.pem")))
	return answers{
		{"/tcb?", "Tcb-Info-Issuer-Chain", signer, file("tcb_info.json")},
		{"/qe/identity", "Sgx-Enclave-Identity-Issuer-Chain", signer, file("qe_identity.json")},
		{"/pckcrl", "Sgx-Pck-Crl-Issuer-Chain", url.QueryEscape(string(file("pck_issuers.pem"))),
			file("pck_crl.der")},
		{"", "", "", file("root_crl.der")},
	}
}

func pool(root []byte) *x509.CertPool {
	if root == nil {
		return nil
	}
	cert, err := x509.ParseCertificate(root)
	need(err)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return roots
}

func measure(name string, verify func()) {
	seconds, err := strconv.ParseFloat(os.Args[3], 64)
	need(err)
	verify()
	start, count := time.Now(), 0
	for ; time.Since(start).Seconds() < seconds; count++ {
		verify()
	}
	fmt.Printf("%s %.2f\n", name, float64(time.Since(start).Nanoseconds())/1e3/float64(count))
}

func main() {
	evidence, getter := file("evidence"), load()
	root, _ := os.ReadFile(filepath.Join(os.Args[1], "root.der"))
	seconds, err := strconv.ParseInt(os.Args[2], 10, 64)
	need(err)
	roots := pool(root)
	judge := func() {
		need(verify.RawTdxQuote(evidence, &verify.Options{
			CheckRevocations: true, GetCollateral: true, Getter: getter,
			Now: time.Unix(seconds, 0), TrustedRoots: roots,
		}))
	}
	measure("cold", func() {
		roots = pool(root)
		judge()
	})
	measure("warm", judge)
}
