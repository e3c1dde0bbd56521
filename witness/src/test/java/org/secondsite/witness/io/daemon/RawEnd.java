package org.secondsite.witness.io.daemon;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import org.secondsite.config.TlsFiles;
import org.secondsite.net.Decoded;
import org.secondsite.net.Refusal;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;
import org.secondsite.witness.wire.WireFault;

/** An end of a connection that is nothing but a socket and the codec. */
final class RawEnd implements AutoCloseable {
    private final Socket socket;
    private final ByteBuf received = Unpooled.buffer();

    /** Connects with a certificate, and says nothing yet. */
    static RawEnd connect(InetSocketAddress to, TlsFiles holder, Path authority) throws IOException {
        JdkSslContext tls = (JdkSslContext) SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .keyManager(holder.certificate().toFile(), holder.key().toFile())
                .trustManager(authority.toFile())
                .build();
        return new RawEnd(tls.context().getSocketFactory().createSocket(to.getAddress(), to.getPort()));
    }

    RawEnd(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(20_000);
    }

    void send(Message message) throws IOException {
        ByteBuf frame = Unpooled.buffer();
        MessageCodec.encode(message, frame);
        socket.getOutputStream().write(frame.array(), 0, frame.writerIndex());
    }

    Message next() throws IOException {
        while (true) {
            switch (MessageCodec.decode(received)) {
                case Decoded.Complete<Message, Refusal<WireFault>>(Message message) -> {
                    return message;
                }
                case Decoded.NeedMore<Message, Refusal<WireFault>> more -> {
                    byte[] octets = new byte[4096];
                    int count = socket.getInputStream().read(octets);
                    if (count < 0) {
                        throw new EOFException("closed");
                    }
                    received.writeBytes(octets, 0, count);
                }
                case Decoded.Refused<Message, Refusal<WireFault>>(Refusal<WireFault> refusal) ->
                    throw new IOException(refusal.toString());
            }
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
