package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The secret under which one end signs its beacons with HMAC-SHA256 (RFC 2104). Never printed. */
public final class BeaconKey {
    /** The length of a key. */
    public static final int BYTES = 32;

    /** The length of a signature. */
    public static final int SIGNATURE_BYTES = 32;

    private static final String ALGORITHM = "HmacSHA256";

    private final byte[] secret;

    /**
     * With that secret, which is copied.
     *
     * @throws IllegalArgumentException if it has not {@value #BYTES} bytes
     */
    public BeaconKey(byte[] secret) {
        if (secret.length != BYTES) {
            throw new IllegalArgumentException("a beacon key has " + BYTES + " bytes, not " + secret.length);
        }
        this.secret = secret.clone();
    }

    /** The signature of the remaining bytes. */
    byte[] sign(ByteBuffer content) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(secret, ALGORITHM));
            mac.update(content);
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has " + ALGORITHM, e);
        }
    }

    void write(ByteBuf out) {
        out.writeBytes(secret);
    }

    static BeaconKey read(ByteBuf in) {
        byte[] secret = new byte[BYTES];
        in.readBytes(secret);
        return new BeaconKey(secret);
    }
}
