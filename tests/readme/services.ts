/** What runs already on the newcomer's machine, of which the README says "a server is at ...". */

export interface Service {
  /** Starts it, as root. */
  readonly script: string;
  /** Addresses that can be connected to, or paths that are there, once it runs. */
  readonly ready: readonly string[];
}

const vnc = (display: number): Service => ({
  script: `exec Xtigervnc :${display} -localhost -SecurityTypes None -geometry 320x240`,
  ready: [`127.0.0.1:${5900 + display}`],
});

export const SERVICES: Readonly<Record<string, Service>> = {
  "vnc-5900": vnc(0),
  "vnc-5901": vnc(1),
  /** The user may log in to this machine, which is also called `server`. */
  ssh: {
    script: `
      mkdir -p /run/sshd /home/user/.ssh
      ssh-keygen -A
      [ -e /home/user/.ssh/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -f /home/user/.ssh/id_ed25519
      cp /home/user/.ssh/id_ed25519.pub /home/user/.ssh/authorized_keys
      chown -R user:user /home/user/.ssh
      echo "server $(cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub)" >/etc/ssh/ssh_known_hosts
      usermod -p '*' user
      exec /usr/sbin/sshd -D -e -o UsePAM=no`,
    ready: ["127.0.0.1:22"],
  },
  postgres: {
    script: `
      data=$(mktemp -d)
      chown postgres "$data"
      as="setpriv --reuid=postgres --regid=postgres --clear-groups"
      programs=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
      cd "$data"
      $as "$programs/initdb" -D "$data/cluster" --no-sync -U postgres -A trust
      exec $as "$programs/postgres" -D "$data/cluster" -c unix_socket_directories= -c fsync=off`,
    ready: ["127.0.0.1:5432"],
  },
  mqtt: {
    script: `
      printf 'listener 1883 127.0.0.1\\nallow_anonymous true\\n' >/tmp/.mosquitto.conf
      exec mosquitto -c /tmp/.mosquitto.conf`,
    ready: ["127.0.0.1:1883"],
  },
  redis: {
    script: `exec redis-server --bind 127.0.0.1 --port 6379 --save ''`,
    ready: ["127.0.0.1:6379"],
  },
  irc: {
    script: `
      cat >/tmp/.ngircd.conf <<'END'
[Global]
Name = irc.example.com
Info = one of its own
Listen = 127.0.0.1
AdminInfo1 = none
AdminInfo2 = none
AdminEMail = none@example.com
[Options]
DNS = no
Ident = no
PAM = no
END
      exec ngircd -n -f /tmp/.ngircd.conf`,
    ready: ["127.0.0.1:6667"],
  },
  /** A device at the first serial port, which answers each line. */
  serial: {
    script: `exec socat PTY,link=/dev/ttyS0,raw,echo=0,mode=666 EXEC:'sed -u s/^/heard_/'`,
    ready: ["/dev/ttyS0"],
  },
  /** Certificates and lists of the names that the README gives them; made once, so that no section reads what another one is writing. */
  files: {
    script: `
      if [ ! -e /etc/wstunnel/.made ]; then
        mkdir -p /etc/wstunnel /etc/haproxy
        new="openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=tunnel.example.com"
        $new -addext subjectAltName=DNS:tunnel.example.com -addext basicConstraints=critical,CA:FALSE \\
          -keyout /etc/ssl/tunnel.key -out /etc/ssl/tunnel.crt
        cat /etc/ssl/tunnel.crt /etc/ssl/tunnel.key >/etc/haproxy/tunnel.pem
        $new -keyout /etc/wstunnel/ca.key -out /etc/wstunnel/ca.pem
        cd /etc/wstunnel
        for name in cert.pem:key.pem a.pem:a.key b.pem:b.key; do
          cp /etc/ssl/tunnel.crt "\${name%:*}"
          cp /etc/ssl/tunnel.key "\${name#*:}"
        done
        echo "a-token: 127.0.0.1:5900" >targets
        echo "ann:$(mkpasswd -m sha-512 something)" >users
        chown -R user /etc/wstunnel
        touch .made
      fi`,
    ready: ["/etc/wstunnel/.made"],
  },
};
