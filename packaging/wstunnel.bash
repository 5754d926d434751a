# bash completion of wstunnel. Made of the flag definitions by deno task packaging.
_wstunnel() {
  local current=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]} words=
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
    --engine) words="native stream" ;;
    --targets|--tls-cert|--tls-key|--tls-client-ca|--auth-basic|--auth-token|--admin-token-file|--config)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --server|--path|--listen|--listen-mode|--listen-group|--trusted-proxy|--origin|--allow-client|--deny-client|--subprotocol|--ping-interval|--max-connections|--max-connections-per-client|--max-tunnels|--tunnel-idle-timeout|--max-lifetime|--health-path|--admin|--url) return ;;
    *)
      words="--server --path --targets --listen --listen-mode --listen-group --proxy-protocol --tls-cert --tls-key --tls-client-ca --trusted-proxy --frame-type --balance --origin --auth-basic --auth-token --allow-client --deny-client --subprotocol --ping-interval --max-connections --max-connections-per-client --max-tunnels --tunnel-idle-timeout --max-lifetime --debug --log-format --engine --health-path --admin --admin-token-file --config --version --help"
      if [[ " ${COMP_WORDS[*]:1:COMP_CWORD-1} " == *" check "* ]]; then
        words+=" --url"
      else
        words+=" check"
      fi
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _wstunnel wstunnel
