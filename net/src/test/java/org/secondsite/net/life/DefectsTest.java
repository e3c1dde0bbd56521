package org.secondsite.net.life;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DefectsTest {
    static Stream<Throwable> ofTheNetwork() {
        return Stream.of(
                new IOException("connection reset"),
                new ClosedChannelException(),
                new ConnectTimeoutException("late"),
                new SSLHandshakeException("bad certificate"),
                new DecoderException(new NotSslRecordException("garbage")),
                new DecoderException(new SSLHandshakeException("bad certificate")),
                new DecoderException("a length that is too large"),
                new DecoderException(new CertificateException("expired")));
    }

    static Stream<Throwable> ofThisProgram() {
        return Stream.of(
                new StackOverflowError(),
                new OutOfMemoryError("planted"),
                new IllegalStateException("half done"),
                new DecoderException(new IndexOutOfBoundsException("beyond the end")),
                new DecoderException(new AssertionError("never")),
                new IOException(new NullPointerException("field")));
    }

    @ParameterizedTest
    @MethodSource("ofTheNetwork")
    void whatNetworksAndPeersDoIsNone(Throwable caught) {
        assertFalse(Defects.isDefect(caught), caught::toString);
    }

    @ParameterizedTest
    @MethodSource("ofThisProgram")
    void whatThisProgramThrowsIsOne(Throwable caught) {
        assertTrue(Defects.isDefect(caught), caught::toString);
    }
}
