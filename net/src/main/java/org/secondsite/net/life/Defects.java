package org.secondsite.net.life;

import java.io.IOException;
import java.security.GeneralSecurityException;

/** Tells a defect of this program from what a network or a peer does. */
public final class Defects {
    private static final String DECODER = "io.netty.handler.codec.";
    private static final String CHANNEL = "io.netty.channel.";

    private Defects() {}

    /**
     * Whether what a channel's handler was told to have happened is a defect: any {@link Error}, and any exception that is
     * neither of input and output, nor of certificates, nor made by the network library to say that a peer was wrong. No input
     * of a peer makes this program throw, so what does may have left a decision half carried out.
     */
    public static boolean isDefect(Throwable caught) {
        Throwable cause = caught;
        while (isWrapper(cause) && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause instanceof Error || (cause instanceof RuntimeException && !isWrapper(cause));
    }

    private static boolean isWrapper(Throwable cause) {
        String type = cause.getClass().getName();
        return cause instanceof IOException
                || cause instanceof GeneralSecurityException
                || type.startsWith(DECODER)
                || type.startsWith(CHANNEL);
    }
}
