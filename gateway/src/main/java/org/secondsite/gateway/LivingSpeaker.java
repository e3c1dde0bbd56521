package org.secondsite.gateway;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import org.secondsite.bgp.io.SpeakerThreads;
import org.secondsite.net.life.Defects;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.life.io.LivingLoop;

/** The BGP speaker's threads: a gateway lives as long as they do. */
record LivingSpeaker(Life life) implements SpeakerThreads {
    @Override
    public EventLoopGroup loop(String name) {
        LivingLoop loop = new LivingLoop(name, life, EpollIoHandler.newFactory());
        loop.turn().silencesNobody();
        return loop;
    }

    @Override
    public void caught(Throwable cause) {
        if (Defects.isDefect(cause)) {
            life.failed(cause);
        }
    }
}
