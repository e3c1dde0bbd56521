package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** Gives a device state to a QEMU that listens for it: connect, write, close. */
final class DeviceStateFeed {
    private DeviceStateFeed() {}

    static void feed(Path path, byte[] deviceState) throws IOException {
        try (SocketChannel stream = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            ByteBuffer bytes = ByteBuffer.wrap(deviceState);
            while (bytes.hasRemaining()) {
                stream.write(bytes);
            }
        }
    }
}
