package org.secondsite.bench.openflow;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.secondsite.openflow.session.PlayedSwitch;
import org.secondsite.openflow.wire.Incoming;

/** Switches in memory that connect to a controller by sockets, each with a thread of its own. */
final class PlayedSwitches implements AutoCloseable {
    private final List<Connection> connections = new ArrayList<>();
    private final AtomicInteger ended = new AtomicInteger();

    /** The switches with the datapath ids from 1 on. */
    PlayedSwitches(InetSocketAddress controller, int count, List<String> ports) throws IOException {
        for (int i = 1; i <= count; i++) {
            connections.add(new Connection(controller, new PlayedSwitch(i, ports)));
        }
        connections.forEach(connection -> Thread.ofVirtual().start(connection));
    }

    /** How many connections the controller has ended. */
    int ended() {
        return ended.get();
    }

    /** The first switch says this. */
    void say(List<OFMessage> messages) throws IOException {
        connections.getFirst().send(messages);
    }

    @Override
    public void close() throws IOException {
        for (Connection connection : connections) {
            connection.socket.close();
        }
    }

    private final class Connection implements Runnable {
        private final Socket socket;
        private final PlayedSwitch played;

        private Connection(InetSocketAddress controller, PlayedSwitch played) throws IOException {
            this.played = played;
            socket = new Socket(controller.getAddress(), controller.getPort());
            socket.setTcpNoDelay(true);
        }

        @Override
        public void run() {
            try (DataInputStream in = new DataInputStream(socket.getInputStream())) {
                while (true) {
                    byte[] header = in.readNBytes(4);
                    if (header.length < 4) {
                        break;
                    }
                    int length = (header[2] & 0xff) << 8 | (header[3] & 0xff);
                    ByteBuf frame = Unpooled.buffer(length).writeBytes(header);
                    frame.writeBytes(in.readNBytes(length - header.length));
                    if (Incoming.read(frame) instanceof Incoming.Message(OFMessage message)) {
                        send(played.answer(message));
                    }
                }
            } catch (IOException e) {
                // Told as ended.
            }
            if (!socket.isClosed()) {
                ended.incrementAndGet();
            }
        }

        private synchronized void send(List<OFMessage> messages) throws IOException {
            ByteBuf bytes = Unpooled.buffer();
            messages.forEach(message -> message.writeTo(bytes));
            OutputStream out = socket.getOutputStream();
            out.write(ByteBufUtil.getBytes(bytes));
        }
    }
}
