# bash completion of wstunnel. Made of the flag definitions by deno task packaging.
_wstunnel() {
  local current=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]} words= word command=
  # --flag=value comes as three words.
  if [[ $current == = ]]; then
    current=
  elif [[ $flag == = ]]; then
    flag=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  case $flag in
    --proxy-protocol) words="off optional required" ;;
    --frame-type) words="text binary" ;;
    --balance) words="fair least-connection round-robin hash sticky" ;;
    --debug) words="none error warning info debug" ;;
    --log-format) words="text json" ;;
    --engine) words="auto loop native stream" ;;
    --ssl-version) words="default tlsv1_1 tlsv1_2 tlsv1_3" ;;
    --wrap-mode) words="exit ignore respawn" ;;
    --targets|--tls-cert|--tls-key|--tls-client-ca|--auth-basic|--auth-token|--log-file|--access-log|--admin-token-file|--config|--password-file|--token-file|--ca|--cert|--key|--proxy-password-file|--cafile|--unix-listen|--unix-target|--target-config)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --server|--path|--listen|--listen-mode|--listen-group|--trusted-proxy|--origin|--allow-client|--deny-client|--subprotocol|--ping-interval|--max-connections|--max-connections-per-client|--max-tunnels|--tunnel-idle-timeout|--max-lifetime|--exit-idle-time|--exit-after-tunnels|--workers|--health-path|--web|--admin|--socks|--header|--user|--server-name|--resolve|--proxy|--proxy-user|--linger|--connect-timeout|--timeout|--idle-timeout|--unix-listen-mode|--token-plugin|--token-source|--auth-plugin|--auth-source|--heartbeat|--url|--route) return ;;
    *)
      for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
          connect|websockify|check|reload|tunnels|end|backends|drain|enable|top)
            command=$word
            break
            ;;
        esac
      done
      case $command in
        connect) words="--listen --socks --header --subprotocol --origin --frame-type --user --password-file --token-file --ca --server-name --cert --key --resolve --proxy --proxy-user --proxy-password-file --linger --connect-timeout --ping-interval --once --insecure --help" ;;
        websockify) words="--timeout --idle-timeout --cert --key --cafile --ssl-version --unix-listen --unix-listen-mode --unix-target --web --wrap-mode --target-config --token-plugin --token-source --auth-plugin --auth-source --heartbeat --log-file --print --verbose --traffic --daemon --run-once --ssl-only --ssl-target --verify-client --inetd --file-only --web-auth --prefer-ipv6 --libserver --host-token --help" ;;
        check) words="--server --path --targets --listen --listen-mode --listen-group --proxy-protocol --tls-cert --tls-key --tls-client-ca --trusted-proxy --frame-type --balance --origin --auth-basic --auth-token --allow-client --deny-client --subprotocol --ping-interval --max-connections --max-connections-per-client --max-tunnels --tunnel-idle-timeout --max-lifetime --exit-idle-time --exit-after-tunnels --debug --log-format --log-file --access-log --engine --workers --health-path --web --admin --admin-token-file --config --url --version --help" ;;
        reload) words="--admin --admin-token-file --config --json --help" ;;
        tunnels) words="--admin --admin-token-file --config --json --help" ;;
        end) words="--admin --admin-token-file --config --help" ;;
        backends) words="--admin --admin-token-file --config --json --help" ;;
        drain) words="--route --admin --admin-token-file --config --json --help" ;;
        enable) words="--route --admin --admin-token-file --config --json --help" ;;
        top) words="--admin --admin-token-file --config --once --help" ;;
        *) words="--server --path --targets --listen --listen-mode --listen-group --proxy-protocol --tls-cert --tls-key --tls-client-ca --trusted-proxy --frame-type --balance --origin --auth-basic --auth-token --allow-client --deny-client --subprotocol --ping-interval --max-connections --max-connections-per-client --max-tunnels --tunnel-idle-timeout --max-lifetime --exit-idle-time --exit-after-tunnels --debug --log-format --log-file --access-log --engine --workers --health-path --web --admin --admin-token-file --config --version --help connect websockify check reload tunnels end backends drain enable top" ;;
      esac
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _wstunnel wstunnel
