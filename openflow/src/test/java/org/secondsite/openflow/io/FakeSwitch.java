package org.secondsite.openflow.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlMsg;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFFlowStatsRequest;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.simulated.ExecutingSwitch;

/** The connection of an {@link ExecutingSwitch} to a controller, over a real socket. */
final class FakeSwitch implements AutoCloseable {
    private final OFFactory factory;
    private final ExecutingSwitch.Connection connection;
    private final Socket socket;
    private final Thread reader;

    /** The kinds of message received, in order. */
    final List<String> received = new CopyOnWriteArrayList<>();

    private volatile boolean answers = true;
    private volatile boolean garbageInReplies;

    FakeSwitch(InetSocketAddress controller, OFVersion version, ExecutingSwitch memory) throws IOException {
        this.factory = OFFactories.getFactory(version);
        this.socket = new Socket(controller.getAddress(), controller.getPort());
        socket.setTcpNoDelay(true);
        this.connection = memory.connect(version, this::tell);
        this.reader = Thread.ofPlatform().daemon().name("fake-switch").start(this::run);
    }

    /** From now on nothing is answered. */
    void fallSilent() {
        answers = false;
    }

    /** Puts a part that cannot be parsed into the next reading. */
    void sendGarbageInReplies() {
        garbageInReplies = true;
    }

    void sendRaw(String hex) throws IOException {
        write(ByteBufUtil.decodeHexDump(hex));
    }

    boolean awaitEnd(long milliseconds) throws InterruptedException {
        reader.join(milliseconds);
        return !reader.isAlive();
    }

    @Override
    public void close() throws IOException {
        connection.close();
        socket.close();
    }

    private void run() {
        try (DataInputStream in = new DataInputStream(socket.getInputStream())) {
            tell(factory.hello(List.of()));
            while (true) {
                byte[] header = new byte[8];
                in.readFully(header);
                ByteBuf message = Unpooled.buffer().writeBytes(header);
                byte[] body = new byte[message.getUnsignedShort(2) - header.length];
                in.readFully(body);
                message.writeBytes(body);
                if (answers) {
                    answer(OFFactories.getGenericReader().readFrom(message));
                }
            }
        } catch (Exception e) {
            received.add("END " + e);
            connection.close();
            try {
                socket.close();
            } catch (IOException closing) {
                throw new AssertionError(closing);
            }
        }
    }

    private void answer(OFMessage message) throws IOException {
        received.add(
                message instanceof OFBundleCtrlMsg control
                        ? control.getBundleCtrlType().toString()
                        : message.getType().toString());
        if (message instanceof OFFlowStatsRequest && garbageInReplies) {
            garbageInReplies = false;
            // A flow statistics reply, more follows, with an entry whose length is 1.
            sendRaw("%02x130018%08x0001000100000000"
                            .formatted(factory.getVersion().getWireVersion(), message.getXid()) + "0001000000000000");
        }
        connection.receive(message);
    }

    private void tell(OFMessage message) {
        ByteBuf buffer = Unpooled.buffer();
        message.writeTo(buffer);
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        try {
            write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private synchronized void write(byte[] bytes) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(bytes);
        out.flush();
    }
}
