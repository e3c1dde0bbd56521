package org.secondsite.bgp.io;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.secondsite.bgp.session.SpeakerSettings;

/** The sockets on which connections are accepted. May be used by any thread. */
final class Listeners {
    private static final int BACKLOG = 64;

    private final EventLoopGroup group;
    private final Consumer<SocketChannel> accept;
    private final Consumer<Throwable> caught;
    private final Map<InetSocketAddress, Channel> open = new ConcurrentHashMap<>();

    /**
     * Listens nowhere yet.
     *
     * @param accept is called on the event loop for every connection
     */
    Listeners(EventLoopGroup group, Consumer<SocketChannel> accept, Consumer<Throwable> caught) {
        this.group = group;
        this.accept = accept;
        this.caught = caught;
    }

    /** Listens there too; fails with an {@link IOException} if that cannot be had. */
    CompletableFuture<Void> open(InetSocketAddress address, SpeakerSettings settings) {
        ServerBootstrap bootstrap = SocketOptions.server(Transport.of(group), address.getAddress(), settings, BACKLOG)
                .group(group)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        accept.accept(channel);
                    }

                    @Override
                    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                        caught.accept(cause);
                        var _ = context.close();
                    }
                });
        CompletableFuture<Void> done = new CompletableFuture<>();
        ChannelFuture binding = bootstrap.bind(address);
        binding.addListener(bound -> {
            if (bound.isSuccess()) {
                open.put(address, binding.channel());
                done.complete(null);
            } else {
                Throwable cause = bound.cause();
                done.completeExceptionally(
                        new IOException("bgp: cannot listen on " + address + ": " + cause.getMessage(), cause));
            }
        });
        return done;
    }

    /** Listens there no more. */
    void close(InetSocketAddress address) {
        Channel listener = open.remove(address);
        if (listener != null) {
            var _ = listener.close();
        }
    }

    void closeAll() {
        List.copyOf(open.keySet()).forEach(this::close);
    }

    /** The keys and hops of other neighbours than before. */
    void alter(SpeakerSettings before, SpeakerSettings after) {
        open.forEach((address, listener) -> SocketOptions.alter(listener, address.getAddress(), before, after));
    }

    /** Where connections are accepted, with the real port where 0 was asked for. */
    List<InetSocketAddress> addresses() {
        return open.values().stream()
                .map(listener -> (InetSocketAddress) listener.localAddress())
                .toList();
    }
}
