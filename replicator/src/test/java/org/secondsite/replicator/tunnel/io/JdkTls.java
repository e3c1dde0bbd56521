package org.secondsite.replicator.tunnel.io;

import java.net.InetSocketAddress;
import java.net.SocketException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.io.PemIdentity;

/** TLS 1.3 by the JDK, for peers that are played by hand. They trust whatever the other end shows. */
public final class JdkTls {
    /** The first handshake of a JVM, on a busy machine, may take longer than a server has patience with a stranger. */
    private static final int MAX_ATTEMPTS = 5;

    private JdkTls() {}

    /** A connection whose handshake is done at this end, with the certificate of those files. */
    public static SSLSocket connect(TlsFiles files, InetSocketAddress to) throws Exception {
        return connect(managers(files), to);
    }

    /** The same without a certificate. */
    public static SSLSocket connectWithoutCertificate(InetSocketAddress to) throws Exception {
        return connect(new KeyManager[0], to);
    }

    private static SSLSocket connect(KeyManager[] managers, InetSocketAddress to) throws Exception {
        SSLContext context = context(managers);
        for (int attempt = 1; ; attempt++) {
            SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(to.getAddress(), to.getPort());
            try {
                socket.startHandshake();
                return socket;
            } catch (SocketException cut) {
                socket.close();
                if (attempt == MAX_ATTEMPTS) {
                    throw cut;
                }
            }
        }
    }

    /** For a server that is played by hand. */
    public static SSLContext context(TlsFiles files) throws Exception {
        return context(managers(files));
    }

    private static SSLContext context(KeyManager[] managers) throws Exception {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(managers, new TrustManager[] {new TrustsAnybody()}, new SecureRandom());
        return context;
    }

    private static KeyManager[] managers(TlsFiles files) throws Exception {
        PemIdentity identity =
                PemIdentity.read(files.certificate(), files.key()).orElseThrow();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        keys.setKeyEntry("own", identity.key(), new char[0], identity.chain().toArray(X509Certificate[]::new));
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, new char[0]);
        return managers.getKeyManagers();
    }

    private static final class TrustsAnybody implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String method) {
            // It is the other end that is to be careful here.
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String method) {
            // It is the other end that is to be careful here.
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
