// SPDX-License-Identifier: Apache-2.0

//! Judges a TDX quote again and again with the crate dcap-qvl.
//!
//!     dcap-qvl DIR UNIXTIME SECONDS
//!
//! DIR has the quote as `evidence`, the root to trust as `root.der` (without it, Intel's own) and
//! Intel's collateral under the names below. Cold, collateral is made from the files' bytes and
//! the verifier is new each time; warm, both are kept. The library keeps nothing else.

use dcap_qvl::{configs::DefaultConfig, verify::QuoteVerifier, QuoteCollateralV3};
use serde_json::value::RawValue;
use std::{collections::HashMap, env, fs, path::PathBuf, process, time::Instant};

fn refuse(why: impl std::fmt::Display) -> ! {
    println!("refused: {why:#}");
    process::exit(1)
}

struct Files {
    evidence: Vec<u8>,
    root: Option<Vec<u8>>,
    tcb_info: Vec<u8>,
    qe_identity: Vec<u8>,
    tcb_signer: Vec<u8>,
    pck_issuers: Vec<u8>,
    root_crl: Vec<u8>,
    pck_crl: Vec<u8>,
}

fn load(dir: PathBuf) -> Files {
    let file = |name: &str| fs::read(dir.join(name)).unwrap_or_else(|e| refuse(e));
    Files {
        evidence: file("evidence"),
        root: fs::read(dir.join("root.der")).ok(),
        tcb_info: file("tcb_info.json"),
        qe_identity: file("qe_identity.json"),
        tcb_signer: file("tcb_signer.pem"),
        pck_issuers: file("pck_issuers.pem"),
        root_crl: file("root_crl.der"),
        pck_crl: file("pck_crl.der"),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap_or_else(|e| refuse(e))
}

/// What is signed in an answer of Intel's service, byte by byte, and the signature.
fn split(answer: &[u8], name: &str) -> (String, Vec<u8>) {
    let parts: HashMap<String, &RawValue> =
        serde_json::from_slice(answer).unwrap_or_else(|e| refuse(e));
    let signature = parts["signature"].get().trim_matches('"');
    (
        parts[name].get().to_string(),
        hex::decode(signature).unwrap_or_else(|e| refuse(e)),
    )
}

fn collateral(f: &Files) -> QuoteCollateralV3 {
    let (tcb_info, tcb_info_signature) = split(&f.tcb_info, "tcbInfo");
    let (qe_identity, qe_identity_signature) = split(&f.qe_identity, "enclaveIdentity");
    QuoteCollateralV3 {
        pck_crl_issuer_chain: text(&f.pck_issuers),
        root_ca_crl: f.root_crl.clone(),
        pck_crl: f.pck_crl.clone(),
        tcb_info_issuer_chain: text(&f.tcb_signer),
        tcb_info,
        tcb_info_signature,
        qe_identity_issuer_chain: text(&f.tcb_signer),
        qe_identity,
        qe_identity_signature,
        pck_certificate_chain: None,
    }
}

fn verifier(f: &Files) -> QuoteVerifier<DefaultConfig> {
    match &f.root {
        Some(root) => QuoteVerifier::new(root.clone()),
        None => QuoteVerifier::new_prod(),
    }
}

fn measure(name: &str, seconds: f64, mut verify: impl FnMut()) {
    verify();
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed().as_secs_f64() < seconds {
        verify();
        count += 1;
    }
    println!("{name} {:.2}", start.elapsed().as_secs_f64() * 1e6 / f64::from(count));
}

fn main() {
    let args: Vec<String> = env::args().collect();
    let files = load(PathBuf::from(&args[1]));
    let now: u64 = args[2].parse().unwrap_or_else(|e| refuse(e));
    let seconds: f64 = args[3].parse().unwrap_or_else(|e| refuse(e));
    let judge = |verifier: &QuoteVerifier<DefaultConfig>, collateral: &QuoteCollateralV3| {
        if let Err(e) = verifier.verify(&files.evidence, collateral, now) {
            refuse(e);
        }
    };
    measure("cold", seconds, || judge(&verifier(&files), &collateral(&files)));
    let (kept, known) = (verifier(&files), collateral(&files));
    measure("warm", seconds, || judge(&kept, &known));
}
