package org.secondsite.net.tls;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateRevokedException;
import org.secondsite.net.Causes;

/** What was wrong with the other end, when TLS failed. */
public enum TlsFault {
    /** Its certificate has expired, or is not valid yet. */
    EXPIRED,
    /** Its certificate is revoked. */
    REVOKED,
    /** It showed no certificate of the authority. */
    FOREIGN,
    /** Anything else, such as another protocol. */
    HANDSHAKE;

    /** BoringSSL's word for it. A client that has none of an authority that the server named (RFC 8446 §4.2.4) shows none. */
    private static final String NO_CERTIFICATE = "PEER_DID_NOT_RETURN_A_CERTIFICATE";

    /** Judged by the exception that ended a handshake or a connection. */
    public static TlsFault of(Throwable failure) {
        if (isCausedBy(failure, CertificateExpiredException.class)
                || isCausedBy(failure, CertificateNotYetValidException.class)) {
            return EXPIRED;
        }
        if (isCausedBy(failure, CertificateRevokedException.class)) {
            return REVOKED;
        }
        boolean foreign = isCausedBy(failure, CertPathBuilderException.class)
                || isCausedBy(failure, CertPathValidatorException.class)
                || Causes.words(failure).contains(NO_CERTIFICATE);
        return foreign ? FOREIGN : HANDSHAKE;
    }

    private static boolean isCausedBy(Throwable failure, Class<? extends Exception> kind) {
        Throwable cause = failure;
        while (cause != null && !kind.isInstance(cause)) {
            cause = cause.getCause();
        }
        return cause != null;
    }
}
