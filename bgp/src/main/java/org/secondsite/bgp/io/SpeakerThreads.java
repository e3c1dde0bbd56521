package org.secondsite.bgp.io;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where a speaker's threads come from, and who hears of what goes wrong on them; for programs that watch their threads. */
public interface SpeakerThreads {
    /**
     * An event loop of one thread, for epoll or NIO. The speaker shuts it down when it closes.
     *
     * @param name of the thread
     */
    EventLoopGroup loop(String name);

    /**
     * The handler of a channel was told of this, which ends the connection: a fault of the network as a rule, and a defect of
     * the program if it is an {@link Error} or an exception that is none of input and output. Called on the thread concerned.
     */
    void caught(Throwable cause);

    /** Threads of the speaker's own; what goes wrong is logged. */
    static SpeakerThreads own() {
        return new SpeakerThreads() {
            private static final Logger LOG = LoggerFactory.getLogger(SpeakerThreads.class);

            @Override
            public EventLoopGroup loop(String name) {
                return new MultiThreadIoEventLoopGroup(
                        1,
                        new DefaultThreadFactory(name, true),
                        Transport.best().handlers());
            }

            @Override
            public void caught(Throwable cause) {
                LOG.debug("bgp: a connection ends", cause);
            }
        };
    }
}
