package org.secondsite.management.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.secondsite.management.model.GatewayModel;

/** The product's YANG module, as it comes with the program. */
public final class YangFile {
    private static final String RESOURCE =
            "/org/secondsite/management/" + GatewayModel.NAME + "@" + GatewayModel.REVISION + ".yang";

    private YangFile() {}

    /** Reads it. */
    public static GatewayModel model() {
        try (InputStream in = YangFile.class.getResourceAsStream(RESOURCE)) {
            return GatewayModel.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
